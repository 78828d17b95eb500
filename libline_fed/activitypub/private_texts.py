"""What goals, talks, meetings and feedback say to readers without LibLine: plain words in four languages.

LibLine itself reads the data beside the text. The language is that of the thread, else English.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime

from libline_fed.domain.feedback import CHOICES, FeedbackContent, ThanksAnswer, ThanksWish
from libline_fed.domain.goals import GoalContent, GoalState
from libline_fed.domain.logbook import TalkContent
from libline_fed.domain.meetings import MeetingChoice, MeetingContent

_LOCALES = {"en": "en_GB", "es": "es", "fr": "fr", "ar": "ar"}

_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "goal": "Goal: {title}",
        "goal-done": "Goal reached: {title}",
        "goal-dropped": "Goal given up: {title}",
        "by": "by {day}",
        "done": "done",
        "talk": "We talked on {day}, {minutes} minutes.",
        "meeting": "Can we meet at one of these times? {minutes} minutes.",
        "local": "{time} for me",
        "place": "Place: {place}",
        "choose": "Answer with the number, or write what suits you better.",
        "meeting-cancelled": "The meeting I proposed is called off.",
        "yes": "Yes, {moment} UTC suits me.",
        "none": "None of these times suits me.",
        "sealed": "I have written my feedback on our mentorship. It opens for both of us once you have "
        "written yours, at the latest 28 days after the end.",
        "opened": "My feedback on our mentorship",
        "thanks": "I would like to thank you in public with these words. Nothing is published unless you say "
        "yes.",
        "thanks-withdrawn": "I take my public thanks back.",
        "thanks-yes": "Yes, you may publish your thanks.",
        "thanks-no": "Please do not publish your thanks. I am glad to have read them.",
        "reached": "Did we reach what we agreed on?",
        "reached.yes": "yes",
        "reached.partly": "partly",
        "reached.no": "no",
        "helped": "How much did it help?",
        "helped.much": "much",
        "helped.some": "some",
        "helped.little": "little",
        "again": "Would I do it again?",
        "again.yes": "yes",
        "again.maybe": "maybe",
        "again.no": "no",
    },
    "es": {
        "goal": "Objetivo: {title}",
        "goal-done": "Objetivo alcanzado: {title}",
        "goal-dropped": "Objetivo abandonado: {title}",
        "by": "antes del {day}",
        "done": "hecho",
        "talk": "Hablamos el {day}, {minutes} minutos.",
        "meeting": "¿Podemos reunirnos en uno de estos momentos? {minutes} minutos.",
        "local": "{time} para mí",
        "place": "Lugar: {place}",
        "choose": "Responde con el número, o escribe qué te viene mejor.",
        "meeting-cancelled": "La reunión que propuse queda anulada.",
        "yes": "Sí, me viene bien el {moment} UTC.",
        "none": "Ninguno de estos momentos me viene bien.",
        "sealed": "He escrito mi valoración de nuestra mentoría. Se abre para los dos cuando hayas escrito "
        "la tuya, como muy tarde 28 días después del final.",
        "opened": "Mi valoración de nuestra mentoría",
        "thanks": "Me gustaría darte las gracias en público con estas palabras. No se publica nada si no "
        "dices que sí.",
        "thanks-withdrawn": "Retiro mi agradecimiento público.",
        "thanks-yes": "Sí, puedes publicar tu agradecimiento.",
        "thanks-no": "Por favor, no publiques tu agradecimiento. Me alegra haberlo leído.",
        "reached": "¿Alcanzamos lo acordado?",
        "reached.yes": "sí",
        "reached.partly": "en parte",
        "reached.no": "no",
        "helped": "¿Cuánto ha ayudado?",
        "helped.much": "mucho",
        "helped.some": "algo",
        "helped.little": "poco",
        "again": "¿Lo repetiría?",
        "again.yes": "sí",
        "again.maybe": "quizá",
        "again.no": "no",
    },
    "fr": {
        "goal": "Objectif : {title}",
        "goal-done": "Objectif atteint : {title}",
        "goal-dropped": "Objectif abandonné : {title}",
        "by": "avant le {day}",
        "done": "fait",
        "talk": "Nous avons parlé le {day}, {minutes} minutes.",
        "meeting": "Pouvons-nous nous rencontrer à l’un de ces moments ? {minutes} minutes.",
        "local": "{time} pour moi",
        "place": "Lieu : {place}",
        "choose": "Répondez par le numéro, ou écrivez ce qui vous convient mieux.",
        "meeting-cancelled": "La rencontre que j’ai proposée est annulée.",
        "yes": "Oui, le {moment} UTC me convient.",
        "none": "Aucun de ces moments ne me convient.",
        "sealed": "J’ai écrit mon avis sur notre mentorat. Il s’ouvre pour nous deux quand vous aurez écrit "
        "le vôtre, au plus tard 28 jours après la fin.",
        "opened": "Mon avis sur notre mentorat",
        "thanks": "J’aimerais vous remercier en public avec ces mots. Rien n’est publié sans votre accord.",
        "thanks-withdrawn": "Je retire mes remerciements publics.",
        "thanks-yes": "Oui, vous pouvez publier vos remerciements.",
        "thanks-no": "Merci de ne pas publier vos remerciements. Les lire m’a fait plaisir.",
        "reached": "Avons-nous atteint ce qui était convenu ?",
        "reached.yes": "oui",
        "reached.partly": "en partie",
        "reached.no": "non",
        "helped": "Combien cela a-t-il aidé ?",
        "helped.much": "beaucoup",
        "helped.some": "un peu",
        "helped.little": "peu",
        "again": "Le referais-je ?",
        "again.yes": "oui",
        "again.maybe": "peut-être",
        "again.no": "non",
    },
    "ar": {
        "goal": "الهدف: {title}",
        "goal-done": "تحقق الهدف: {title}",
        "goal-dropped": "هدف تم التخلي عنه: {title}",
        "by": "حتى {day}",
        "done": "تم",
        "talk": "تحدثنا يوم {day}، لمدة {minutes} دقيقة.",
        "meeting": "هل يمكن أن نلتقي في أحد هذه الأوقات؟ {minutes} دقيقة.",
        "local": "{time} بتوقيتي",
        "place": "المكان: {place}",
        "choose": "يكفي الرد بالرقم، أو كتابة وقت أنسب.",
        "meeting-cancelled": "أُلغي اللقاء المقترح.",
        "yes": "نعم، يناسبني {moment} UTC.",
        "none": "لا يناسبني أي من هذه الأوقات.",
        "sealed": "كتبتُ تقييمي لتجربة الإرشاد. يُفتح لكلينا بعد كتابة التقييم الآخر، أو بعد 28 يومًا من "
        "النهاية على الأكثر.",
        "opened": "تقييمي لتجربة الإرشاد",
        "thanks": "أودّ أن أشكرك علنًا بهذه الكلمات. لن يُنشر شيء دون موافقتك.",
        "thanks-withdrawn": "أسحب شكري العلني.",
        "thanks-yes": "نعم، يمكن نشر الشكر.",
        "thanks-no": "أرجو عدم نشر الشكر. سعدتُ بقراءته.",
        "reached": "هل حققنا ما اتفقنا عليه؟",
        "reached.yes": "نعم",
        "reached.partly": "جزئيًا",
        "reached.no": "لا",
        "helped": "كم كانت الفائدة؟",
        "helped.much": "كبيرة",
        "helped.some": "متوسطة",
        "helped.little": "قليلة",
        "again": "هل أكرر التجربة؟",
        "again.yes": "نعم",
        "again.maybe": "ربما",
        "again.no": "لا",
    },
}


class Words:
    """Says things in one language. Every method returns plain text, with line ends."""

    def __init__(self, language: str | None) -> None:
        primary = (language or "en").partition("-")[0].lower()
        self.language = primary if primary in _TEXTS else "en"
        self._texts: Mapping[str, str] = _TEXTS[self.language]
        self._locale = Locale.parse(_LOCALES[self.language])

    def goal(self, goal: GoalContent) -> str:
        """Say a goal, with its steps as a list."""
        key = "goal" if goal.state == GoalState.OPEN else f"goal-{goal.state}"
        lines = [self._say(key, title=goal.title) + self._by(goal.due_on)]
        if goal.body_text:
            lines.append(goal.body_text)
        for step in goal.milestones:
            done = f" ({self._say('done')})" if step.done_on else ""
            lines.append(f"– {step.title}{self._by(step.due_on)}{done}")
        return "\n".join(lines)

    def talk(self, talk: TalkContent) -> str:
        """Say that a talk was held, with its notes only if they are shared."""
        said = self._say("talk", day=self._day(talk.held_on), minutes=str(talk.minutes))
        return f"{said}\n\n{talk.notes_text}" if talk.is_shared and talk.notes_text else said

    def meeting(self, meeting: MeetingContent, *, zone: str | None = None) -> str:
        """Propose times: each in UTC, and at what time it is for the writer, without naming where that is."""
        if meeting.is_cancelled:
            return self._say("meeting-cancelled")
        lines = [self._say("meeting", minutes=str(meeting.minutes))]
        for number, moment in enumerate(meeting.times, start=1):
            line = f"{number}) {self._moment(moment)} UTC"
            if zone is not None:
                there = moment.astimezone(ZoneInfo(zone))
                local = f"{there:%H:%M}" if there.date() == moment.date() else self._moment(there)
                line += f" ({self._say('local', time=local)})"
            lines.append(line)
        if meeting.place_text:
            lines.append(self._say("place", place=meeting.place_text))
        return "\n".join([*lines, self._say("choose")])

    def choice(self, choice: MeetingChoice) -> str:
        """Choose one of the times, or none."""
        if choice.starts_at is None:
            return self._say("none")
        return self._say("yes", moment=self._moment(choice.starts_at))

    def feedback(self, feedback: FeedbackContent) -> str:
        """Say that feedback is written, or what it says."""
        if feedback.is_sealed:
            return self._say("sealed")
        lines = [self._say("opened")]
        for question, choices in CHOICES.items():
            answer = feedback.answers.get(question)
            if answer in choices:
                lines.append(f"– {self._say(question)} {self._say(f'{question}.{answer}')}")
        return "\n".join([*lines, *([feedback.body_text] if feedback.body_text else [])])

    def thanks(self, wish: ThanksWish) -> str:
        """Ask whether thanks may be published, or take them back."""
        return self._say("thanks-withdrawn") if wish.is_withdrawn else f"{self._say('thanks')}\n\n{wish.text}"

    def thanks_answer(self, answer: ThanksAnswer) -> str:
        """Say whether thanks may be published."""
        return self._say("thanks-yes" if answer.is_yes else "thanks-no")

    def _by(self, day: date | None) -> str:
        return f" ({self._say('by', day=self._day(day))})" if day is not None else ""

    def _day(self, day: date) -> str:
        return format_date(day, format="long", locale=self._locale)

    def _moment(self, moment: datetime) -> str:
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return f"{self._day(moment.date())}, {format_datetime(moment, 'HH:mm', tzinfo=moment.tzinfo)}"

    def _say(self, key: str, **values: str) -> str:
        text = self._texts[key]
        for name, value in values.items():  # not `format`: what people type may hold braces
            text = text.replace("{" + name + "}", value)
        return text
