// Reads ?wsdl over mutual TLS, searches one person, prints what it understood as JSON.
// Usage: node appel.mjs <parameters as JSON>: url, ca, certificat, cle, idam, traits, operation.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import https from "node:https";
import axios from "axios";
import soap from "soap";

const told = JSON.parse(process.argv[2]);
const operation = told.operation ?? "rechercherInsAvecTraitsIdentite";
const tls = {
  ca: readFileSync(told.ca),
  cert: readFileSync(told.certificat),
  key: readFileSync(told.cle),
};
const request = axios.create({ httpsAgent: new https.Agent(tls), proxy: false });
const client = await soap.createClientAsync(`${told.url}?wsdl`, {
  forceSoap12Headers: true,
  request,
});
client.setEndpoint(told.url);
client.setSecurity(new soap.ClientSSLSecurity(tls.key, tls.cert, tls.ca));

const now = new Date().toISOString();
const contexts = (idam) =>
  `<l:ContexteLPS xmlns:l="urn:siram:lps:ctxlps" Version="01_00" Nature="CTXLPS"><l:Id>${randomUUID()}</l:Id>` +
  `<l:Temps>${now}</l:Temps><l:Emetteur>1330999004</l:Emetteur><l:LPS><l:IDAM R="4">${idam}</l:IDAM>` +
  `<l:Version>4.2.0</l:Version><l:Instance>${told.instance}</l:Instance>` +
  `<l:Nom>urn:lps:LOGICIEL ESSAI:4.2.0</l:Nom></l:LPS></l:ContexteLPS>` +
  `<b:ContexteBAM xmlns:b="urn:siram:bam:ctxbam" Version="01_02"><b:Id>${randomUUID()}</b:Id>` +
  `<b:Temps>${now}</b:Temps><b:Emetteur>1330999004</b:Emetteur><b:COUVERTURE/></b:ContexteBAM>` +
  `<w:Action xmlns:w="http://www.w3.org/2005/08/addressing">` +
  `urn:ServiceIdentiteCertifiee:1.0.0:${operation}</w:Action>` +
  `<w:MessageID xmlns:w="http://www.w3.org/2005/08/addressing">uuid:${randomUUID()}</w:MessageID>`;

client.addSoapHeader(contexts(told.idam));
const said = { operations: Object.keys(client.describe()["ICIR-v1"].ICIRService) };
try {
  const [answer] = await client[`${operation}Async`](told.traits);
  said.resultat = answer;
} catch (error) {
  const fault = error.root?.Envelope?.Body?.Fault;
  if (!fault) throw error;
  said.faute = fault;
}
console.log(JSON.stringify(said));
