// A small ActivityPub server made with Fedify, which LibLine's tests drive over HTTP.
// One actor, everything in memory, plain http on the loopback address: node peer.mjs PORT CONTROL_PORT FIRST_KNOCK
import { createServer } from "node:http";
import { Temporal } from "@js-temporal/polyfill";
import {
  createFederation, generateCryptoKeyPair, InProcessMessageQueue, MemoryKvStore, verifyObject, verifyRequest,
} from "@fedify/fedify";
import {
  Accept, Activity, Create, Delete, Endpoints, Follow, isActor, Like, lookupObject, Mention, Note, Person,
  PUBLIC_COLLECTION, Question, Undo, Update,
} from "@fedify/vocab";

const [port, controlPort] = process.argv.slice(2, 4).map(Number);
const firstKnock = process.argv[4] ?? "rfc9421";
const origin = `http://127.0.0.1:${port}`;
const handle = "carla";

// WebFinger of a handle is always asked for over https (RFC 7033 §4); on the loopback address there is no TLS.
const realFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.protocol === "https:" && url.hostname === "127.0.0.1") {
    url.protocol = "http:";
    return realFetch(url, init);
  }
  return realFetch(input, init);
};

const queue = () => new InProcessMessageQueue({ pollInterval: { milliseconds: 20 } });
const federation = createFederation({
  kv: new MemoryKvStore(),
  queue: { inbox: queue(), outbox: queue(), fanout: queue() },
  origin,
  allowPrivateAddress: true,
  firstKnock,
});

const keyPairs = [await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), await generateCryptoKeyPair("Ed25519")];
const followers = new Map(); // actor id -> {id, inboxId, endpoints}
const notes = new Map(); // note id -> Note
const outbox = []; // Create activities
const arrived = []; // every POST to an inbox, in order
const heard = []; // what Fedify gave to its listeners, in order
const polls = new Map(); // question id -> what Fedify read of it
let refusedScheme = null;

federation.setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
  if (identifier !== handle) return null;
  const keys = await ctx.getActorKeyPairs(identifier);
  return new Person({
    id: ctx.getActorUri(identifier),
    preferredUsername: identifier,
    name: "Carla at Fedify",
    summary: "<p>A peer for tests.</p>",
    url: new URL(`/@${identifier}`, origin),
    inbox: ctx.getInboxUri(identifier),
    outbox: ctx.getOutboxUri(identifier),
    followers: ctx.getFollowersUri(identifier),
    endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
    publicKey: keys[0].cryptographicKey,
    assertionMethods: keys.map((pair) => pair.multikey),
  });
}).setKeyPairsDispatcher((_ctx, identifier) => identifier === handle ? keyPairs : []);

federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({ items: [...followers.values()] }))
  .setCounter(() => followers.size);
federation.setOutboxDispatcher("/users/{identifier}/outbox", () => ({ items: outbox }))
  .setCounter(() => outbox.length);
federation.setObjectDispatcher(Note, "/users/{identifier}/notes/{id}", (ctx, values) =>
  notes.get(ctx.getObjectUri(Note, values).href) ?? null);
federation.setNodeInfoDispatcher("/nodeinfo/2.1", () => ({
  software: { name: "libline-fedify-peer", version: "1.0.0" },
  protocols: ["activitypub"],
  usage: { users: { total: 1 }, localPosts: notes.size, localComments: 0 },
}));

const hear = (activity) => heard.push({
  type: activity.constructor.name,
  id: activity.id?.href ?? null,
  actor: activity.actorId?.href ?? null,
  object: activity.objectId?.href ?? null,
});

federation.setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .setSharedKeyDispatcher(() => ({ identifier: handle }))
  .on(Follow, async (ctx, follow) => {
    hear(follow);
    const follower = await follow.getActor(ctx);
    if (!isActor(follower)) return;
    followers.set(follower.id.href, follower);
    const accept = new Accept({
      id: new URL(`#accepts/${crypto.randomUUID()}`, ctx.getActorUri(handle)),
      actor: ctx.getActorUri(handle),
      object: follow,
    });
    await ctx.sendActivity({ identifier: handle }, follower, accept);
  })
  .on(Undo, async (_ctx, undo) => {
    hear(undo);
    followers.delete(undo.actorId?.href);
  })
  .on(Accept, async (_ctx, accept) => { hear(accept); })
  .on(Create, async (ctx, create) => {
    hear(create);
    const object = await create.getObject(ctx);
    if (object instanceof Question) polls.set(object.id.href, await pollOf(object));
  })
  .on(Update, async (_ctx, update) => { hear(update); })
  .on(Delete, async (_ctx, del) => { hear(del); })
  .on(Activity, async (_ctx, activity) => { hear(activity); });

async function pollOf(question) {
  const options = [];
  for await (const option of question.getExclusiveOptions()) options.push(option.name?.toString() ?? "");
  const tags = [];
  for await (const tag of question.getTags()) if (tag instanceof Mention) tags.push(tag.href?.href);
  return {
    id: question.id.href,
    author: question.attributionId?.href ?? null,
    content: question.content?.toString() ?? "",
    to: question.toIds.map((id) => id.href),
    mentions: tags,
    options,
    endTime: question.endTime?.toString() ?? null,
  };
}

const schemeOf = (headers) =>
  headers.has("signature-input") ? "rfc9421" : headers.has("signature") ? "draft-cavage" : "none";

async function verifiedProof(json, options) {
  if (json.proof == null) return "absent";
  try {
    return await verifyObject(Activity, json, options) == null ? "bad" : "verified";
  } catch (error) {
    return `bad: ${error}`;
  }
}

// What Fedify itself says of the request, whatever it then does with it: an activity with a good proof would be
// let in without a look at the HTTP signature.
async function record(ctx, request) {
  const entry = { path: new URL(request.url).pathname, scheme: schemeOf(request.headers), status: null };
  arrived.push(entry);
  const options = { documentLoader: ctx.documentLoader, contextLoader: ctx.contextLoader };
  const body = await request.clone().text();
  entry.document = JSON.parse(body);
  entry.type = entry.document.type;
  entry.isRefused = entry.scheme === refusedScheme;
  if (entry.isRefused) return entry;
  const key = await verifyRequest(request.clone(), options);
  entry.verifiedKey = key?.id?.href ?? null;
  entry.proof = await verifiedProof(entry.document, options);
  return entry;
}

async function answer(request) {
  const ctx = federation.createContext(request, undefined);
  const isInbox = request.method === "POST" && new URL(request.url).pathname.endsWith("/inbox");
  const entry = isInbox ? await record(ctx, request) : null;
  const response = entry?.isRefused
    ? new Response("this signature scheme is not spoken here", { status: 401 })
    : await federation.fetch(request, { contextData: undefined });
  if (entry != null) entry.status = response.status;
  return response;
}

// --- the control interface ------------------------------------------------------------------------

const idOf = (path) => new URL(`#${path}/${crypto.randomUUID()}`, `${origin}/users/${handle}`);
const context = () => federation.createContext(new URL(origin), undefined);
const loaders = async (ctx) => ({
  documentLoader: await ctx.getDocumentLoader({ identifier: handle }),
  contextLoader: ctx.contextLoader,
  allowPrivateAddress: true,
});
const actorAt = async (ctx, uri) => {
  const actor = await lookupObject(uri, await loaders(ctx));
  if (!isActor(actor)) throw new Error(`${uri} is no actor`);
  return actor;
};

const commands = {
  async lookup({ what }) {
    const ctx = context();
    const found = await lookupObject(what, await loaders(ctx));
    if (found == null) return null;
    const json = await found.toJsonLd({ contextLoader: ctx.contextLoader });
    return { type: found.constructor.name, id: found.id?.href ?? null, document: json };
  },
  async follow({ uri }) {
    const ctx = context();
    const followed = await actorAt(ctx, uri);
    const follow = new Follow({ id: idOf("follows"), actor: ctx.getActorUri(handle), object: followed.id });
    await ctx.sendActivity({ identifier: handle }, followed, follow, { immediate: true });
    return follow.id.href;
  },
  async unfollow({ uri }) {
    const ctx = context();
    const followed = await actorAt(ctx, uri);
    const follow = new Follow({ id: idOf("follows"), actor: ctx.getActorUri(handle), object: followed.id });
    const undo = new Undo({ id: idOf("undos"), actor: ctx.getActorUri(handle), object: follow });
    await ctx.sendActivity({ identifier: handle }, followed, undo, { immediate: true });
    return undo.id.href;
  },
  // {content, reply?: object uri, mention?: actor uri, isPublic}
  async post({ content, reply, mention, isPublic = true }) {
    const ctx = context();
    const id = ctx.getObjectUri(Note, { identifier: handle, id: crypto.randomUUID() });
    const mentioned = mention == null ? null : await actorAt(ctx, mention);
    const people = mentioned == null ? [] : [mentioned.id];
    const note = new Note({
      id,
      attribution: ctx.getActorUri(handle),
      content,
      url: id,
      published: Temporal.Now.instant(),
      replyTarget: reply == null ? null : new URL(reply),
      tos: isPublic ? [PUBLIC_COLLECTION] : people,
      ccs: isPublic ? [ctx.getFollowersUri(handle), ...people] : [],
      tags: mentioned == null
        ? []
        : [new Mention({ href: mentioned.id, name: `@${mentioned.preferredUsername}@${mentioned.id.host}` })],
    });
    const create = new Create({
      id: new URL("#create", id), actor: ctx.getActorUri(handle), object: note, tos: [...note.toIds], ccs: [...note.ccIds],
    });
    notes.set(id.href, note);
    outbox.unshift(create);
    const recipients = [...followers.values()].filter((actor) => isPublic || actor.id.href === mentioned?.id.href);
    if (mentioned != null && !recipients.some((actor) => actor.id.href === mentioned.id.href)) {
      recipients.push(mentioned);
    }
    if (recipients.length > 0) {
      await ctx.sendActivity({ identifier: handle }, recipients, create, { preferSharedInbox: isPublic, immediate: true });
    }
    return id.href;
  },
  // A vote as Mastodon sends it: a Note with a name and without content, to the author alone.
  async vote({ question, option }) {
    const ctx = context();
    const author = await actorAt(ctx, polls.get(question).author);
    const note = new Note({
      id: idOf("votes"),
      name: option,
      attribution: ctx.getActorUri(handle),
      replyTarget: new URL(question),
      to: author.id,
    });
    const create = new Create({ id: idOf("creates"), actor: ctx.getActorUri(handle), object: note, to: author.id });
    await ctx.sendActivity({ identifier: handle }, author, create, { immediate: true });
    return note.id.href;
  },
  async like({ uri, author }) {
    const ctx = context();
    const like = new Like({ id: idOf("likes"), actor: ctx.getActorUri(handle), object: new URL(uri) });
    await ctx.sendActivity({ identifier: handle }, await actorAt(ctx, author), like, { immediate: true });
    return like.id.href;
  },
  async unlike({ uri, like, author }) {
    const ctx = context();
    const inner = new Like({ id: new URL(like), actor: ctx.getActorUri(handle), object: new URL(uri) });
    const undo = new Undo({ id: idOf("undos"), actor: ctx.getActorUri(handle), object: inner });
    await ctx.sendActivity({ identifier: handle }, await actorAt(ctx, author), undo, { immediate: true });
    return undo.id.href;
  },
  polls: () => [...polls.values()],
  set({ refuse }) {
    refusedScheme = refuse ?? null;
    return refusedScheme;
  },
  state: () => ({ arrived, heard, followers: [...followers.keys()] }),
};

// --- node:http to Request and back ----------------------------------------------------------------

async function bodyOf(message) {
  const chunks = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function toRequest(message) {
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) headers.append(message.rawHeaders[i], message.rawHeaders[i + 1]);
  const hasBody = message.method !== "GET" && message.method !== "HEAD";
  return new Request(new URL(message.url, origin), {
    method: message.method, headers, body: hasBody ? await bodyOf(message) : undefined,
  });
}

async function reply(outgoing, response) {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

createServer(async (message, outgoing) => {
  try {
    await reply(outgoing, await answer(await toRequest(message)));
  } catch (error) {
    console.error(error);
    await reply(outgoing, new Response(String(error), { status: 500 }));
  }
}).listen(port, "127.0.0.1");

createServer(async (message, outgoing) => {
  try {
    const { command, ...values } = JSON.parse((await bodyOf(message)).toString());
    await reply(outgoing, Response.json(await commands[command](values) ?? null));
  } catch (error) {
    console.error(error);
    await reply(outgoing, Response.json({ error: String(error?.stack ?? error) }, { status: 500 }));
  }
}).listen(controlPort, "127.0.0.1", () => console.log("ready"));
