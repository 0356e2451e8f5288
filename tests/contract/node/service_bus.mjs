// Microsoft's Service Bus client for Node against the double, by the namespace's real name: what leads it there is the
// proxy's agent and NODE_EXTRA_CA_CERTS. Prints one JSON object for tests/contract/servicebus/test_node_client.py.

import { ClientSecretCredential } from "@azure/identity";
import { ServiceBusClient } from "@azure/service-bus";
import { HttpsProxyAgent } from "https-proxy-agent";
import WebSocket from "ws";

const { AZURE_TENANT_ID, ADMIN_CLIENT_ID, ADMIN_CLIENT_SECRET, CONTROL, HTTPS_PROXY, NAMESPACE } = process.env;

const credential = new ClientSecretCredential(AZURE_TENANT_ID, ADMIN_CLIENT_ID, ADMIN_CLIENT_SECRET);
const client = new ServiceBusClient(NAMESPACE, credential, {
  retryOptions: { maxRetries: 0 },
  webSocketOptions: { webSocket: WebSocket, webSocketConstructorOptions: { agent: new HttpsProxyAgent(HTTPS_PROXY) } },
});

async function refusal(action) {
  try {
    await action();
  } catch (error) {
    return error.code ?? error.name;
  }
  throw new Error("nothing was refused");
}

async function advance(advanceSeconds) {
  const answer = await fetch(`${CONTROL}/clock`, { method: "POST", body: JSON.stringify({ advanceSeconds }) });
  if (!answer.ok) throw new Error(await answer.text());
  return new Date((await answer.json()).now);
}

async function take(receiver, count) {
  const taken = [];
  while (taken.length < count) {
    const batch = await receiver.receiveMessages(count - taken.length, { maxWaitTimeInMs: 10_000 });
    if (batch.length === 0) throw new Error(`${taken.length} of ${count} messages came`);
    taken.push(...batch);
  }
  return taken;
}

const bodies = (messages) => messages.map((message) => message.body);

async function queue() {
  const sender = client.createSender("plain");
  const receiver = client.createReceiver("plain");
  const dead = client.createReceiver("plain", { subQueueType: "deadLetter" });
  await sender.sendMessages({
    body: { text: "ü" },
    subject: "subject",
    correlationId: "correlation",
    contentType: "application/json",
    applicationProperties: { text: "ü", number: 7, isTrue: true },
  });
  const batch = await sender.createMessageBatch();
  for (const body of ["1", "2", "3"]) batch.tryAddMessage({ body });
  await sender.sendMessages(batch);
  const [first, one, two, three] = await take(receiver, 4);
  await receiver.completeMessage(first);
  await receiver.abandonMessage(one);
  await receiver.deferMessage(two);
  await receiver.deadLetterMessage(three, { deadLetterReason: "bad", deadLetterErrorDescription: "it is ü" });
  const [again] = await take(receiver, 1);
  const peeked = await receiver.peekMessages(5, { fromSequenceNumber: again.sequenceNumber });
  const renewed = await receiver.renewMessageLock(again);
  await receiver.completeMessage(again);
  const [fetched] = await receiver.receiveDeferredMessages(two.sequenceNumber);
  await receiver.completeMessage(fetched);
  const [buried] = await take(dead, 1);
  await dead.completeMessage(buried);
  await sender.sendMessages({ body: "lost" });
  const [lost] = await take(receiver, 1);
  const now = await advance(11);
  const lapsed = await refusal(() => receiver.completeMessage(lost));
  const [found] = await take(receiver, 1);
  await receiver.completeMessage(found);
  const due = new Date(now.getTime() + 60_000);
  const numbers = await sender.scheduleMessages([{ body: "4" }, { body: "5" }], due);
  await sender.cancelScheduledMessages(numbers[0]);
  await advance(61);
  const [scheduled] = await take(receiver, 1);
  await receiver.completeMessage(scheduled);
  await sender.sendMessages({ body: "6" });
  const deleting = client.createReceiver("plain", { receiveMode: "receiveAndDelete" });
  const deleted = bodies(await take(deleting, 1));
  return {
    first: {
      body: first.body,
      subject: first.subject,
      correlationId: first.correlationId,
      contentType: first.contentType,
      properties: first.applicationProperties,
      deliveryCount: first.deliveryCount,
      state: first.state,
    },
    abandoned: [again.body, again.deliveryCount],
    peeked: peeked.map((message) => [message.body, message.state]),
    isRenewedForLonger: renewed >= again.lockedUntilUtc,
    deferred: fetched.body,
    dead: [buried.body, buried.deadLetterReason, buried.deadLetterErrorDescription, buried.deadLetterSource],
    lapsed,
    found: [found.body, found.deliveryCount],
    scheduled: [scheduled.body, scheduled.sequenceNumber.gt(numbers[1])],
    deleted,
    settledTwice: await refusal(() => receiver.completeMessage(scheduled)),
  };
}

async function sessions() {
  const sender = client.createSender("sessions");
  await sender.sendMessages([
    { body: "1", sessionId: "node-a" },
    { body: "2", sessionId: "node-b" },
    { body: "3", sessionId: "node-a" },
  ]);
  const named = await client.acceptSession("sessions", "node-a");
  const next = await client.acceptNextSession("sessions");
  const held = await refusal(() => client.acceptSession("sessions", "node-a"));
  const taken = await take(named, 2);
  await named.setSessionState("kept");
  const state = await named.getSessionState();
  const renewed = await named.renewSessionLock();
  for (const message of taken) await named.completeMessage(message);
  await named.setSessionState(null);
  await named.close();
  const [other] = await take(next, 1);
  await advance(11);
  const lapsed = await refusal(() => next.completeMessage(other));
  const again = await client.acceptNextSession("sessions");
  const [last] = await take(again, 1);
  await again.completeMessage(last);
  await again.close();
  return {
    taken: bodies(taken),
    next: next.sessionId,
    held,
    state: String(state),
    isRenewed: renewed instanceof Date,
    lapsed,
    again: [again.sessionId, last.body, last.deliveryCount],
  };
}

async function rules() {
  const manager = client.createRuleManager("news", "changing");
  const listed = async () => {
    const found = [];
    for await (const { name, filter } of manager.listRules()) found.push({ name, filter });
    return found;
  };
  const before = await listed();
  await manager.createRule("invoices", { subject: "invoice", applicationProperties: { land: "at" } });
  await manager.createRule("dear", { sqlExpression: "price > 100 AND land IN ('de', 'ch')" });
  const taken = await refusal(() => manager.createRule("dear", { sqlExpression: "1 = 1" }));
  const between = await listed();
  const sender = client.createSender("news");
  await sender.sendMessages([
    { body: "1", subject: "invoice", applicationProperties: { land: "at", price: 1 } },
    { body: "2", applicationProperties: { land: "de", price: 101 } },
    { body: "3", subject: "invoice", applicationProperties: { land: "de", price: 1 } },
  ]);
  const receiver = client.createReceiver("news", "changing", { receiveMode: "receiveAndDelete" });
  const received = bodies(await take(receiver, 2));
  for (const name of ["invoices", "dear"]) await manager.deleteRule(name);
  return { before, between, taken, received, after: await listed(), gone: await refusal(() => manager.deleteRule("dear")) };
}

// More than the window that the client begins its session with.
async function flood() {
  const sender = client.createSender("large");
  let batch = await sender.createMessageBatch();
  for (let number = 0; number < 3_000; number++) {
    if (batch.tryAddMessage({ body: number })) continue;
    await sender.sendMessages(batch);
    batch = await sender.createMessageBatch();
    batch.tryAddMessage({ body: number });
  }
  await sender.sendMessages(batch);
  const receiver = client.createReceiver("large");
  const found = [];
  while (found.length < 3_000) {
    const taken = await take(receiver, 1_000); // of 2,048 the client holds no more unsettled
    await Promise.all(taken.map((message) => receiver.completeMessage(message)));
    found.push(...bodies(taken));
  }
  return { isInOrder: found.every((body, number) => body === number) };
}

async function refusals() {
  const sender = client.createSender("plain");
  return {
    nowhere: await refusal(() => client.createSender("nowhere").sendMessages({ body: "x" })),
    tooLarge: await refusal(() => sender.sendMessages({ body: "x".repeat(270_000) })),
    withoutSession: await refusal(() => client.createSender("sessions").sendMessages({ body: "x" })),
  };
}

const parts = { queue, sessions, rules, flood, refusals };
const report = {};
for (const [name, part] of Object.entries(parts)) {
  const began = Date.now();
  report[name] = await part();
  console.error(name, Date.now() - began, "ms");
}
await client.close();
console.log(JSON.stringify(report));
