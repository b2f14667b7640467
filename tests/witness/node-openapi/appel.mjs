// Reads openapi.json, calls each operation it is told of, prints what came back as JSON.
// Usage: node appel.mjs < parameters as JSON: openapi, ca, certificat, cle, appels [[operation, body]].
import { readFileSync } from "node:fs";
import https from "node:https";
import axios from "axios";
import { OpenAPIClientAxios } from "openapi-client-axios";

const told = JSON.parse(readFileSync(0));
const httpsAgent = new https.Agent({
  ca: readFileSync(told.ca),
  cert: readFileSync(told.certificat),
  key: readFileSync(told.cle),
});
const options = { httpsAgent, proxy: false, validateStatus: () => true };
const { data: definition } = await axios.get(told.openapi, options);
const api = new OpenAPIClientAxios({ definition, axiosConfigDefaults: options });
const client = await api.init();
const said = { operations: api.getOperations().map((each) => each.operationId).sort(), reponses: [] };
for (const [operation, body] of told.appels) {
  const answer = await client[operation](null, body);
  said.reponses.push({ statut: answer.status, corps: answer.data });
}
console.log(JSON.stringify(said));
