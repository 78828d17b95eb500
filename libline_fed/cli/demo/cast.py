"""The sample people of the demo, what they offer and look for, in four languages."""

from dataclasses import dataclass

from libline_fed.domain.proposals import Draft, Purpose

PASSWORD = "only for sample people"  # noqa: S105  printed on purpose: the demo listens on loopback only


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up member of one of the two instances."""

    handle: str
    name: str
    language: str
    summary: str
    draft: Draft

    @property
    def email(self) -> str:
        """The address to log in with; no mail ever goes there."""
        return f"{self.handle}@sample.example"


@dataclass(frozen=True, slots=True)
class Place:
    """A made-up library that runs an instance."""

    name: str
    description: str
    people: tuple[Person, ...]

    @property
    def admin(self) -> Person:
        """The first of its people is also its admin."""
        return self.people[0]


ANA = Person(
    handle="ana",
    name="Ana Ríos (persona de muestra)",
    language="es",
    summary="Persona de muestra. Bibliotecaria de adquisiciones en una biblioteca universitaria.",
    draft=Draft(
        purpose=Purpose.OFFER,
        title="Acompaño a quien empieza en adquisiciones",
        body_text="Llevo doce años comprando libros y revistas para una universidad.\n\n"
        "Puedo ayudarte con presupuestos, proveedores y licencias. Hablemos una vez al mes.",
        language="es",
        areas=("A0202", "A0203"),
        languages=("es", "en"),
        modes=("M1", "M4"),
        places_count=2,
    ),
)
SAMIR = Person(
    handle="samir",
    name="سمير حداد (شخص نموذجي)",
    language="ar",
    summary="شخص نموذجي. أمين مكتبة عامة يعمل مع الأطفال والأسر.",
    draft=Draft(
        purpose=Purpose.OFFER,
        title="أرافق من يبدأ العمل مع الأطفال في المكتبة",
        body_text="أعمل منذ عشر سنوات في قسم الأطفال.\n\nيمكننا أن نتحدث عن ساعة الحكاية والعمل مع المدارس.",
        language="ar",
        areas=("A0602", "A0601"),
        languages=("ar", "fr"),
        modes=("M3", "M4"),
        places_count=1,
    ),
)
CHLOE = Person(
    handle="chloe",
    name="Chloé Martin (personne fictive)",
    language="fr",
    summary="Personne fictive. Catalogueuse, bientôt responsable d’équipe.",
    draft=Draft(
        purpose=Purpose.REQUEST,
        title="Je cherche quelqu’un pour apprendre à diriger une équipe",
        body_text="Je prends la tête d’une équipe de cinq personnes en mars.\n\n"
        "Je cherche une personne qui a fait ce chemin et qui veut bien en parler, par messages ou en visio.",
        language="fr",
        areas=("A1001",),
        languages=("fr", "en"),
        modes=("M1", "M4"),
        places_count=1,
    ),
)
DANIEL = Person(
    handle="daniel",
    name="Daniel Okafor (sample person)",
    language="en",
    summary="Sample person. Systems librarian in a small college.",
    draft=Draft(
        purpose=Purpose.OFFER,
        title="First steps with metadata and open-source library systems",
        body_text="I moved a college library to open-source systems with a team of two.\n\n"
        "Ask me about planning, data migration, and how not to lose a weekend.",
        language="en",
        areas=("A0901", "A0305"),
        languages=("en",),
        modes=("M1", "M2", "M4"),
        places_count=3,
    ),
)

INES = Person(
    handle="ines",
    name="Inés Vega (persona de muestra)",
    language="es",
    summary="Persona de muestra. Coordina una red de bibliotecas.",
    draft=Draft(
        purpose=Purpose.OFFER,
        title="Oriento a quien coordina un consorcio",
        body_text="Coordino una red de bibliotecas desde hace ocho años.\n\n"
        "Hablemos de acuerdos y de reuniones.",
        language="es",
        areas=("A1001",),
        languages=("es",),
        modes=("M1",),
        places_count=1,
    ),
)

HOST_PLACE = Place("Red de muestra", "It hosts a sample consortium. Nobody here is real.", (INES,))
PLACES = (
    Place("Biblioteca de muestra", "A sample library. Nobody here is real.", (ANA, SAMIR)),
    Place("Bibliothèque fictive", "Another sample library. Nobody here is real.", (CHLOE, DANIEL)),
)
