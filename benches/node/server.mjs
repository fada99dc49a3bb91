// Checks the signature of a JWS and nothing else, and answers at the length of our answers. The key comes as the `x` of an
// Ed25519 JWK in the first argument.
import Fastify from "fastify";
import { compactVerify, importJWK } from "jose";

const LENGTH = 2048;
const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: process.argv[2] }, "EdDSA");
const answer = {
  type: "object",
  properties: { verdict: { type: "string" }, server_time: { type: "integer" }, pad: { type: "string" } },
};
const server = Fastify();

server.post("/v1/verify", { schema: { response: { 200: answer } } }, async ({ body }) => {
  let verdict = "genuine";
  try {
    await compactVerify(body.token, key);
  } catch {
    verdict = "not_genuine";
  }
  const said = { verdict, server_time: Math.floor(Date.now() / 1000), pad: "" };
  said.pad = "-".repeat(LENGTH - JSON.stringify(said).length);
  return said;
});

console.log(await server.listen({ host: "127.0.0.1", port: 0 }));
