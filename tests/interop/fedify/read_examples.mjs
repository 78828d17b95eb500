// Reads activities with Fedify, and writes some of its own, with no network: node read_examples.mjs EXAMPLES.json
import { readFileSync } from "node:fs";
import { Accept, Activity, Agreement, Commitment, Measure, Offer, Reject, Undo } from "@fedify/vocab";

globalThis.fetch = (url) => { throw new Error(`nothing may be fetched, but ${url} was`); };

const href = (url) => url?.href ?? null;
// An Agreement may live on the other server of the two: Fedify would fetch it there. What is told is told here.
const trusting = { crossOrigin: "trust", suppressError: true };
const agreementOf = async (document, activity) => {
  if (document.result != null) return await activity.getResult(trusting);
  const object = typeof document.object === "object" ? await activity.getObject(trusting) : null;
  return object instanceof Agreement ? object : null;
};

const read = async (document) => {
  const activity = await Activity.fromJsonLd(document);
  const object = typeof document.object === "object" ? await activity.getObject(trusting) : null;
  const agreement = await agreementOf(document, activity);
  const commitment = agreement?.stipulates ?? null;
  return {
    type: activity.constructor.name,
    id: href(activity.id),
    actor: href(activity.actorId),
    to: activity.toIds.map(href),
    object: href(activity.objectId),
    objectType: object?.constructor.name ?? null,
    content: object?.content?.toString() ?? null,
    agreement: href(agreement?.id),
    satisfies: href(commitment?.satisfies),
    unit: commitment?.resourceQuantity?.unit ?? null,
    quantity: commitment?.resourceQuantity?.numericalValue?.toString() ?? null,
  };
};

const own = async () => {
  const ana = new URL("https://a.example/actors/ana");
  const ben = new URL("https://f.example/users/ben");
  const intent = new URL("https://a.example/proposals/1#primary");
  const commitment = (id) => new Commitment({
    id, satisfies: intent, resourceQuantity: new Measure({ unit: "one", numericalValue: "1" }),
  });
  const offer = new Offer({
    id: new URL("https://f.example/activities/1"), actor: ben, to: ana,
    object: new Agreement({ stipulates: commitment() }),
  });
  const agreement = new Agreement({
    id: new URL("https://f.example/agreements/1"), attribution: ben,
    stipulates: commitment(new URL("https://f.example/agreements/1#primary")),
  });
  const accept = new Accept({
    id: new URL("https://f.example/activities/4"), actor: ben, to: ana, result: agreement,
    object: new URL("https://a.example/activities/1"),
  });
  const reject = new Reject({ id: new URL("https://f.example/activities/2"), actor: ben, to: ana, object: offer.id });
  const undo = new Undo({ id: new URL("https://f.example/activities/3"), actor: ben, to: ana, object: offer });
  const written = {};
  for (const [name, value] of Object.entries({ offer, accept, reject, undo })) {
    written[name] = await value.toJsonLd({ format: "compact" });
    written[`${name}-short`] = await value.toJsonLd();
  }
  return written;
};

const examples = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const answer = {};
for (const [name, document] of Object.entries(examples)) answer[name] = await read(document);
console.log(JSON.stringify({ read: answer, own: await own() }));
