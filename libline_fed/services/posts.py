"""Posts of other servers, as members here may read them."""

from dataclasses import dataclass

from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.posts import Post
from libline_fed.errors import NotFound
from libline_fed.services import peers
from libline_fed.storage import actors, follows, posts
from libline_fed.storage.store import Tx

PER_PAGE = 20
MAX_PAGE = 500
OPEN_TO_ALL = ("public", "unlisted")


@dataclass(frozen=True, slots=True)
class PostView:
    """A post and who wrote it."""

    post: Post
    author: Actor


@dataclass(frozen=True, slots=True)
class Page:
    """Twenty posts at most, newest first."""

    items: list[PostView]
    page: int
    has_more: bool


async def timeline(tx: Tx, actor_id: str, page: int = 1) -> Page:
    """List what the people a member follows wrote, and what was written to the member."""
    page = max(1, min(page, MAX_PAGE))
    found = await posts.timeline(tx, actor_id, limit=PER_PAGE + 1, offset=(page - 1) * PER_PAGE)
    views = [PostView(*pair) for pair in found[:PER_PAGE]]
    return Page(views, page, has_more=len(found) > PER_PAGE)


async def replies_to(tx: Tx, uri: str, viewer: Account | None) -> list[PostView]:
    """List the answers to a proposal that everybody may read, oldest first."""
    del viewer  # private answers are messages: they are not shown below a public text, to nobody
    return [PostView(*pair) for pair in await posts.replies_to(tx, uri)]


async def get(tx: Tx, post_id: str, viewer: Account | None) -> PostView:
    """Return a post that the viewer may read.

    Raises: NotFound, alike for what is private and what is not there.
    """
    post = await posts.by_id(tx, post_id)
    author = await actors.by_id(tx, post.author_id) if post is not None else None
    if (
        post is None
        or author is None
        or not author.is_usable
        or not await _may_read(tx, post, viewer)
        or await peers.is_closed(tx, author)
    ):
        raise NotFound(f"no post {post_id} for this viewer")
    return PostView(post, author)


async def _may_read(tx: Tx, post: Post, viewer: Account | None) -> bool:
    if post.visibility in OPEN_TO_ALL:
        return True
    if viewer is None or not viewer.is_active:
        return False
    if await posts.is_recipient(tx, post.id, viewer.actor_id):
        return True
    if post.visibility != "followers":
        return False
    known = await follows.between(tx, viewer.actor_id, post.author_id)
    return known is not None and known.state == "accepted"
