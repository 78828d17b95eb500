"""The table of all commands."""

import typer

from libline_fed.cli import (
    backup,
    bench,
    config,
    consortium,
    demo,
    export,
    fetch,
    inbox,
    link,
    member,
    migrate,
    peer,
    proposal,
    queue,
    serve,
    verify,
)

app = typer.Typer(
    name="libline",
    help="LibLine: a federated mentorship network for library workers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("migrate")(migrate.migrate)
app.add_typer(config.commands, name="config")
app.add_typer(member.commands, name="member")
app.add_typer(proposal.commands, name="proposal")
app.add_typer(queue.commands, name="queue")
app.add_typer(inbox.commands, name="inbox")
app.add_typer(peer.commands, name="peer")
app.add_typer(link.commands, name="link")
app.add_typer(consortium.commands, name="consortium")
app.command("fetch")(fetch.fetch)
app.command("verify")(verify.verify)
app.command("backup")(backup.backup)
app.command("export")(export.export)
app.command("demo")(demo.demo)
app.add_typer(bench.commands, name="bench")
