// Reads a ?wsdl, makes the calls it is told of, prints what it understood as JSON.
// Usage: node appel.mjs < parameters as JSON: url, wsdl, ca, certificat and cle (may be absent),
// appels [{operation, entetes (XML of the SOAP header), corps}].
import { readFileSync } from "node:fs";
import https from "node:https";
import axios from "axios";
import soap from "soap";

const told = JSON.parse(readFileSync(0));
const pem = (path) => path && readFileSync(path);
const tls = { ca: pem(told.ca), cert: pem(told.certificat), key: pem(told.cle) };
const request = axios.create({ httpsAgent: new https.Agent(tls), proxy: false });
const client = await soap.createClientAsync(told.wsdl ?? `${told.url}?wsdl`, {
  forceSoap12Headers: true,
  request,
});
client.setEndpoint(told.url);
if (tls.key) client.setSecurity(new soap.ClientSSLSecurity(tls.key, tls.cert, tls.ca));

const said = { services: client.describe(), reponses: [] };
for (const call of told.appels) {
  client.clearSoapHeaders();
  client.addSoapHeader(call.entetes);
  try {
    const [answer] = await client[`${call.operation}Async`](call.corps);
    said.reponses.push({ resultat: answer });
  } catch (error) {
    const fault = error.root?.Envelope?.Body?.Fault;
    if (!fault) throw error;
    said.reponses.push({ faute: fault });
  }
}
console.log(JSON.stringify(said));
