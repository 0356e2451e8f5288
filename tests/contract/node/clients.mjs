// Microsoft's clients for Node against the doubles, without a word that tells them so: what leads them there is
// HTTPS_PROXY and NODE_EXTRA_CA_CERTS. Prints one JSON object for tests/contract/test_node_clients.py.

import { ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";

const { AZURE_TENANT_ID, ADMIN_CLIENT_ID, ADMIN_CLIENT_SECRET, KEY_VAULT_URL, REGISTRAR_CLIENT_ID, SECRET_NAME } =
  process.env;
const SCOPE = "https://digitaltwins.azure.net/.default";
const FAST = { intervalInMs: 10 };

const administrator = new ClientSecretCredential(AZURE_TENANT_ID, ADMIN_CLIENT_ID, ADMIN_CLIENT_SECRET);
const vault = new SecretClient(KEY_VAULT_URL, administrator);

function claims(token) {
  const { appid, aud, tid } = JSON.parse(Buffer.from(token.token.split(".")[1], "base64url"));
  return { appid, aud, tid };
}

async function refusal(action) {
  try {
    await action();
  } catch (error) {
    return { name: error.name, code: error.code ?? null, status: error.statusCode ?? null, message: error.message };
  }
  throw new Error("nothing was refused");
}

async function collect(pages, property) {
  const found = [];
  for await (const item of pages) found.push(item[property]);
  return found;
}

async function signIns() {
  const wrong = new ClientSecretCredential(AZURE_TENANT_ID, ADMIN_CLIENT_ID, "wrong");
  return {
    clientSecret: claims(await administrator.getToken(SCOPE)),
    managedIdentity: claims(await new ManagedIdentityCredential({ clientId: REGISTRAR_CLIENT_ID }).getToken(SCOPE)),
    default: claims(await new DefaultAzureCredential({ managedIdentityClientId: REGISTRAR_CLIENT_ID }).getToken(SCOPE)),
    wrongSecret: await refusal(() => wrong.getToken(SCOPE)),
  };
}

async function lifeOfASecret(name) {
  const expiresOn = new Date("2030-01-01T00:00:00Z");
  const first = await vault.setSecret(name, "1", { expiresOn, contentType: "text/plain", tags: { made: "by node" } });
  const second = await vault.setSecret(name, "2");
  const updated = await vault.updateSecretProperties(name, first.properties.version, { tags: { now: "changed" } });
  return {
    expiresOn: first.properties.expiresOn,
    contentType: first.properties.contentType,
    updatedTags: updated.tags,
    newestValue: (await vault.getSecret(name)).value,
    firstValue: (await vault.getSecret(name, { version: first.properties.version })).value,
    stored: [first.properties.version, second.properties.version],
    versions: await collect(vault.listPropertiesOfSecretVersions(name), "version"),
    isListed: (await collect(vault.listPropertiesOfSecrets(), "name")).includes(name),
  };
}

async function deathOfASecret(name) {
  const deleting = await vault.beginDeleteSecret(name, FAST);
  const deleted = await deleting.pollUntilDone();
  const taken = await refusal(() => vault.setSecret(name, "3"));
  const recovering = await vault.beginRecoverDeletedSecret(name, FAST);
  await recovering.pollUntilDone();
  const recovered = (await vault.getSecret(name)).value;
  await (await vault.beginDeleteSecret(name, FAST)).pollUntilDone();
  await vault.purgeDeletedSecret(name);
  return {
    recoveryId: deleted.recoveryId,
    taken,
    recovered,
    purged: await refusal(() => vault.getDeletedSecret(name)),
  };
}

const signedIn = await signIns();
const lived = await lifeOfASecret(SECRET_NAME);
const died = await deathOfASecret(SECRET_NAME);
await vault.setSecret(`${SECRET_NAME}-kept`, "kept", { tags: { made: "by node" } });
console.log(JSON.stringify({ signIns: signedIn, life: lived, death: died }));
