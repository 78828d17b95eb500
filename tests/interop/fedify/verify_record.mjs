// Checks the proof of a record with Fedify and no network: node verify_record.mjs RECORD.json ACTOR.json
import { readFileSync } from "node:fs";
import { verifyProof } from "@fedify/fedify";
import { DataIntegrityProof } from "@fedify/vocab";

globalThis.fetch = (url) => { throw new Error(`nothing may be fetched, but ${url} was`); };

const [record, actor] = process.argv.slice(2, 4).map((path) => JSON.parse(readFileSync(path, "utf-8")));
const documentLoader = async (url) => {
  if (url !== record.proof[0].verificationMethod) throw new Error(`asked for ${url}`);
  return { document: actor, documentUrl: actor.id, contextUrl: null };
};
// Only to read the proof's values: Fedify does not know the contexts of credentials.
const plain = { ...record.proof[0], "@context": "https://w3id.org/security/data-integrity/v1" };
const key = await verifyProof(record, await DataIntegrityProof.fromJsonLd(plain), { documentLoader });
console.log(key == null ? "no" : `yes: ${key.id.href}`);
