"""The one-line confirmations shown after a redirect. A short-lived cookie holds only the name."""

from libline_fed.web.languages import N_

COOKIE = "notice"
MAX_AGE_S = 60

NOTICES = {
    "welcome": N_("You are logged in. Good to see you."),
    "guest-welcome": N_("You are signed in as a guest. Good to see you."),
    "bye": N_("You are logged out."),
    "confirmed": N_("Your address is confirmed. You can log in now."),
    "confirmed-waiting": N_("Your address is confirmed. An admin will now look at your sign-up."),
    "password-changed": N_("Your password is changed. Other devices are logged out."),
    "password-reset": N_("Your new password is saved. You can log in now."),
    "account-deleted": N_("Your account is deleted."),
    "profile-saved": N_("Your profile is saved."),
    "language-saved": N_("Your language is saved."),
    "proposal-added": N_("It is published."),
    "proposal-saved": N_("Your changes are saved."),
    "proposal-paused": N_("It is paused. People no longer find it in the lists."),
    "proposal-reopened": N_("It is open again."),
    "proposal-closed": N_("It is closed. You can open it again later."),
    "proposal-deleted": N_("It is deleted, here and on the servers that had a copy and listen to us."),
    "followed": N_("You follow this person now."),
    "follow-asked": N_("Your wish to follow is sent. You see it here once it is accepted."),
    "unfollowed": N_("You no longer follow this person."),
    "follower-accepted": N_("This person follows you now."),
    "follower-rejected": N_("This person does not follow you."),
    "notifications-read": N_("Everything is marked as read."),
    "peer-saved": N_("The rule for this server is saved."),
    "delivery-retried": N_("It will be sent again now."),
    "delivery-dropped": N_("It is dropped and will not be sent."),
    "inbox-replayed": N_("It will be read again now."),
    "member-approved": N_("The member is approved and gets a mail."),
    "member-rejected": N_("The sign-up is not accepted. The person gets a mail."),
    "member-disabled": N_("The member is disabled and logged out everywhere."),
    "member-enabled": N_("The member can log in again."),
    "role-saved": N_("The role is saved."),
    "term-added": N_("The term is added. People here can choose it now."),
    "term-removed": N_("The term is removed."),
    "record-made": N_("The record is signed. Only you see it until you share it."),
    "export-made": N_("Your archive is ready."),
    "record-unshared": N_("The link no longer works."),
}
