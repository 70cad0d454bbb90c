// Aztec's own HA signer 4.1.2 on a database that Holdfast has hardened. Each way in which such
// nodes forget what they signed is shown first where nothing protects them: there the double sign
// does happen. On the hardened database the same is refused, by the database itself (S2, S3).
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { BlockNumber, SlotNumber } from '@aztec/foundation/branded-types';
import { Buffer32 } from '@aztec/foundation/buffer';
import { EthAddress } from '@aztec/foundation/eth-address';
import { runMigrations } from '@aztec/validator-ha-signer/migrations';
import pg from 'pg';

import {
  ATTESTER,
  Audit,
  HoldfastNode,
  Message,
  ROLLUP,
  holdfast,
  onClose,
  rpc,
  startAztecSigner,
  startPostgres,
  startSigner,
  waitUntil,
} from './support.mjs';

const HOUR_MS = 3_600_000;
const UNPROTECTED = {
  "Aztec's own migration": url => runMigrations(url),
  'migrate-ha-db up --no-harden': url => holdfast(url, 'migrate-ha-db', 'up', '--no-harden'),
};
const harden = url => holdfast(url, 'migrate-ha-db', 'up');

let server;
let databases = 0;
before(async () => {
  server = await startPostgres();
});

async function connected(url) {
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  onClose(() => client.end());
  return { url: url.href, sql: async (text, values) => (await client.query(text, values)).rows };
}

/** A database of its own on the one server. */
async function prepared(prepare) {
  const url = new URL(server.url);
  url.pathname = `/duties_${++databases}`;
  await server.sql(`CREATE DATABASE ${url.pathname.slice(1)}`);
  await prepare(url.href);
  return connected(url);
}

const block = slot => ({
  dutyType: 'BLOCK_PROPOSAL',
  slot: SlotNumber(slot),
  blockNumber: BlockNumber(slot),
  blockIndexWithinCheckpoint: 1,
});
const vote = slot => ({ dutyType: 'SLASHING_VOTE', slot: SlotNumber(slot) });
const messageFor = context =>
  context.dutyType === 'SLASHING_VOTE' ? Message.vote(context.slot) : Message.random();
const nameOf = context => `${context.dutyType} ${context.slot}`;

/** A stock node with its key in the process, unless `key` says where else it is. */
async function stockNode(audit, nodeId, url, overrides = {}) {
  const signer = await startAztecSigner(nodeId, url, overrides);
  return {
    nodeId,
    async sign(context, message, key = () => message.signature()) {
      const hash = Buffer32.fromString(message.hash);
      const signature = await signer.signWithProtection(ATTESTER, hash, context, async () => key());
      audit.saw(nameOf(context), message, signature, nodeId);
      return signature;
    },
  };
}

const settled = promise =>
  promise.then(
    signature => ({ signature }),
    error => ({ error }),
  );
const count = async (database, where, values = []) =>
  Number((await database.sql(`SELECT count(*) FROM ${where}`, values))[0].count);
const whenRowsAreGone = (database, slot) =>
  waitUntil(
    `the rows of slot ${slot} are gone`,
    async () => (await count(database, 'validator_duties WHERE slot = $1', [slot])) === 0,
  );

/** The address's text as wallets show it. It has letters, for ROLLUP has none. */
const LETTERS = EthAddress.fromString('0x' + 'ab'.repeat(20));
const mixedCase = { toString: () => LETTERS.toChecksumString() };
assert.notEqual(mixedCase.toString(), LETTERS.toString());

/** How the rows are lost: `rollup` is the first node's, `forget` what happens after it signed. */
const WAYS = {
  'W5: a node of another rollup starts': {
    rollup: ROLLUP,
    forget: ({ url }) =>
      startAztecSigner('of-another-rollup', url, {
        l1Contracts: { rollupAddress: EthAddress.fromString('0x' + '99'.repeat(20)) },
      }),
  },
  'S11b: a node starts that writes the rollup in other letter case': {
    rollup: LETTERS,
    forget: ({ url }) =>
      startAztecSigner('in-mixed-case', url, { l1Contracts: { rollupAddress: mixedCase } }),
  },
  'W6: signed rows are old enough for the clean-up': {
    rollup: ROLLUP,
    forget: async ({ url, sql }) => {
      await sql(`UPDATE validator_duties SET started_at = started_at - interval '2 hours',
                 completed_at = completed_at - interval '2 hours'`);
      await startAztecSigner('that-prunes', url, { cleanupOldDutiesAfterHours: 1 });
    },
  },
};

/** Signs, forgets, and asks for other messages. */
async function signTwice(database, audit, { rollup, forget }, slot) {
  const overrides = { l1Contracts: { rollupAddress: rollup } };
  const node = await stockNode(audit, `first-${slot}`, database.url, overrides);
  const duties = [block(slot), vote(slot)].map(context => ({
    context,
    message: messageFor(context),
    other: messageFor(context),
  }));
  for (const { context, message } of duties) await node.sign(context, message);
  await forget(database);
  await whenRowsAreGone(database, slot);
  for (const duty of duties) duty.outcome = await settled(node.sign(duty.context, duty.other));
  return { node, duties };
}

for (const [how, prepare] of Object.entries(UNPROTECTED)) {
  test(`${how}: each way ends in a double sign`, async () => {
    const database = await prepared(prepare);
    for (const [number, way] of Object.values(WAYS).entries()) {
      const audit = new Audit();
      const { duties } = await signTwice(database, audit, way, 100 + number);
      for (const { outcome, other } of duties) {
        assert.equal(outcome.signature?.toString(), other.signature().toString());
      }
      assert.equal(audit.violations.length, duties.length);
      for (const violation of audit.violations) assert.match(violation, /^DOUBLE SIGN/);
    }
  });
}

async function expectRefusedByDatabase(database, way, slot) {
  const audit = new Audit();
  const { node, duties } = await signTwice(database, audit, way, slot);
  for (const { context, message, outcome } of duties) {
    assert.ok(outcome.error, `another message was signed for ${nameOf(context)}`);
    assert.match(
      outcome.error.message,
      new RegExp(
        `Holdfast refuses this lock: ${context.dutyType} of slot ${slot} was signed with another ` +
          `message hash \\(${message.hash}\\) by node ${node.nodeId}`,
      ),
    );
    assert.ok(outcome.error.severity, `not an error of the database server: ${outcome.error}`);
    assert.equal(
      await count(
        database,
        'holdfast_ledger WHERE slot = $1 AND message_hash = $2 AND signature = $3',
        [slot, message.hash, message.signature().toString()],
      ),
      1,
    );
    assert.equal(await count(database, 'validator_duties WHERE slot = $1', [slot]), 0);
  }
  return { audit, node, duties };
}

test('hardened: each way is refused by the database, with the reason', async () => {
  const database = await prepared(harden);
  for (const [number, way] of Object.values(WAYS).entries()) {
    const slot = 100 + number;
    const { audit, node, duties } = await expectRefusedByDatabase(database, way, slot);
    // Whether or not the row is there again, and however the rollup's address is written.
    const late = await stockNode(audit, `late-${slot}`, database.url, {
      l1Contracts: { rollupAddress: { toString: () => way.rollup.toChecksumString() } },
    });
    for (const { context, message, other } of duties) {
      await assert.rejects(late.sign(context, other), /Holdfast refuses this lock/);
      await node.sign(context, message);
      await assert.rejects(node.sign(context, other), { name: 'SlashingProtectionError' });
    }
    await node.sign(block(slot + 1000), Message.random());
    audit.check();
  }
});

/** Both nodes have started, so that nothing is cleaned up any more, and neither's row is the
    other's: two locks for one duty. Gives what became of the node that writes mixed case. */
async function signInTwoCases(database, audit) {
  const [mixed, lower] = [
    await stockNode(audit, 'mixed', database.url, { l1Contracts: { rollupAddress: mixedCase } }),
    await stockNode(audit, 'lower', database.url, { l1Contracts: { rollupAddress: LETTERS } }),
  ];
  await lower.sign(block(1), Message.random());
  const second = await settled(mixed.sign(block(1), Message.random()));
  const first = await settled(mixed.sign(block(2), Message.random()));
  await lower.sign(block(2), Message.random());
  return [first, second];
}

for (const [how, prepare] of Object.entries(UNPROTECTED)) {
  test(`${how}: locks in two letter cases are two signatures`, async () => {
    const audit = new Audit();
    const outcomes = await signInTwoCases(await prepared(prepare), audit);
    for (const { signature, error } of outcomes) assert.ok(signature, String(error));
    assert.equal(audit.violations.length, 2);
  });
}

test('hardened: a lock in another letter case does not stand beside the first', async () => {
  const audit = new Audit();
  const outcomes = await signInTwoCases(await prepared(harden), audit);
  for (const { error } of outcomes) {
    assert.match(String(error), /Holdfast refuses this lock: .* is not in lower case/);
  }
  audit.check();
});

test('hardened: a Holdfast node knows what stock nodes have deleted', async () => {
  const database = await prepared(harden);
  const url = await startSigner('holdfast', database.url);
  const way = WAYS['W5: a node of another rollup starts'];
  const { audit, node, duties } = await expectRefusedByDatabase(database, way, 7);
  for (const { context, message, other } of duties) {
    await assert.rejects(new HoldfastNode('holdfast', url).sign(context, other), error => {
      assert.equal(error.name, 'SlashingProtectionError');
      assert.equal(error.data.existingMessageHash, message.hash);
      assert.equal(error.data.signedByNode, node.nodeId);
      return true;
    });
  }
  audit.check();
});

/** How a live lock is lost: to the node's own clean-up, or to a second process with its id. */
const LOST_LOCKS = {
  W1: { slow: { maxStuckDutiesAgeMs: 300 }, second: nodeId => [`${nodeId}-other`, {}] },
  W2: { slow: {}, second: nodeId => [nodeId, { maxStuckDutiesAgeMs: 20 }] },
};

/** The first node's key is slow, its lock is deleted, and another one asks for another message. */
async function slowKey(database, audit, weakness, slot, keyOf) {
  const { slow, second } = LOST_LOCKS[weakness];
  const nodeId = `${weakness}-${slot}`;
  const first = await stockNode(audit, nodeId, database.url, slow);
  const [message, other] = [Message.random(), Message.random()];
  let goOn;
  const held = new Promise(resolve => (goOn = resolve));
  let asked = false;
  const pending = settled(
    first.sign(block(slot), message, async () => {
      asked = true;
      await held;
      return keyOf(message);
    }),
  );
  await waitUntil('the key is asked', () => asked);
  const [secondId, overrides] = second(nodeId);
  const late = await stockNode(audit, secondId, database.url, overrides);
  await whenRowsAreGone(database, slot);
  const answer = await settled(late.sign(block(slot), other, () => keyOf(other)));
  goOn();
  return { first: await pending, second: answer, message, other };
}

// Neither the rows nor the triggers can tell a lock that nobody needs from one whose signature
// comes late: the key itself must look. What protects from this is a key behind --gated.
for (const [how, prepare] of Object.entries({ ...UNPROTECTED, hardened: harden })) {
  test(`${how}, the key in the node: W1 and W2 end in a double sign`, async () => {
    const database = await prepared(prepare);
    for (const [number, weakness] of Object.keys(LOST_LOCKS).entries()) {
      const audit = new Audit();
      const inNode = message => message.signature();
      const { first, second } = await slowKey(database, audit, weakness, 50 + number, inNode);
      assert.ok(first.signature && second.signature, `${first.error} ${second.error}`);
      assert.equal(audit.violations.length, 1);
      assert.match(audit.violations[0], /^DOUBLE SIGN/);
    }
  });
}

test('hardened, the key behind a gated signer: W1 and W2 are refused', async () => {
  const database = await prepared(harden);
  const gate = await startSigner('gate', database.url, ['--gated']);
  const audit = new Audit();
  const behindGate = message => rpc(gate, 'eth_sign', ATTESTER.toString(), message.hash);
  for (const [number, weakness] of Object.keys(LOST_LOCKS).entries()) {
    const lost = await slowKey(database, audit, weakness, 50 + number, behindGate);
    assert.ok(lost.second.signature, `${lost.second.error}`);
    // The row that it finds is the second one's, with another message.
    assert.match(lost.first.error.name, /^(NoSigningLock|SlashingProtection)Error$/);
  }
  audit.check();
});

/** Makes a login role with the rights of a stock node; gives its URL and what runs SQL as it. */
async function stockRole(database) {
  const role = `Stock-node-${databases}`;
  await database.sql(`CREATE ROLE "${role}" LOGIN PASSWORD 'stock'`);
  holdfast(database.url, 'migrate-ha-db', 'grant', '--role', role, '--stock');
  const url = new URL(database.url);
  url.username = role;
  url.password = 'stock';
  return connected(url);
}

test('a granted role: a stock node starts, signs, gives back and cleans up', async () => {
  const database = await prepared(harden);
  const role = await stockRole(database);
  const audit = new Audit();
  const first = await stockNode(audit, 'first', role.url);
  const second = await stockNode(audit, 'second', role.url);
  const message = Message.random();
  await first.sign(block(1), message);
  await assert.rejects(second.sign(block(1), message), { name: 'DutyAlreadySignedError' });
  await assert.rejects(second.sign(block(1), Message.random()), {
    name: 'SlashingProtectionError',
  });
  // A key that fails: the row is deleted, and the next one may sign.
  const broken = () => Promise.reject(new Error('the key is broken'));
  await assert.rejects(first.sign(vote(2), Message.vote(2), broken), /the key is broken/);
  assert.equal(await count(database, 'validator_duties WHERE slot = 2'), 0);
  await second.sign(vote(2), Message.vote(2));
  // A row that is stuck, for the clean-up at the start and the one that is repeated.
  for (const slot of [3, 4]) {
    await database.sql(
      `INSERT INTO validator_duties SELECT rollup_address, validator_address, $1, 0, 1,
         'BLOCK_PROPOSAL', 'signing', message_hash, NULL, 'stuck', 'token',
         started_at - interval '1 hour' FROM validator_duties WHERE slot = 1`,
      [slot],
    );
    if (slot === 3) await stockNode(audit, 'stuck', role.url, { maxStuckDutiesAgeMs: 500 });
    await whenRowsAreGone(database, slot);
  }
  audit.check();
});

test('a granted role: what its clean-ups delete is kept all the same', async () => {
  const database = await prepared(harden);
  const role = await stockRole(database);
  const asRole = { url: role.url, sql: database.sql };
  for (const [number, way] of Object.values(WAYS).entries()) {
    const { audit } = await expectRefusedByDatabase(asRole, way, 100 + number);
    audit.check();
  }
  assert.equal(await count(database, 'holdfast_ledger'), 2 * Object.keys(WAYS).length);
});

test('a granted role forgets nothing, whatever it tries', async () => {
  const database = await prepared(harden);
  const role = await stockRole(database);
  const audit = new Audit();
  const node = await stockNode(audit, 'first', role.url);
  await node.sign(block(1), Message.random());
  const forbidden = [
    'TRUNCATE validator_duties',
    'DROP TABLE validator_duties',
    'ALTER TABLE validator_duties DISABLE TRIGGER USER',
    'DROP TRIGGER holdfast_keep_deleted ON validator_duties',
    'DELETE FROM holdfast_ledger',
    "UPDATE holdfast_ledger SET message_hash = '0x'",
    'TRUNCATE holdfast_ledger',
    'UPDATE holdfast_watermark SET slot = 0',
    'UPDATE schema_version SET version = 9',
    'UPDATE holdfast_cluster SET hardened = false',
    'DELETE FROM holdfast_nodes',
    "SET session_replication_role = 'replica'",
  ];
  for (const text of forbidden) {
    await assert.rejects(role.sql(text), { code: '42501' }, text);
  }
  await role.sql('DELETE FROM validator_duties');
  await assert.rejects(node.sign(block(1), Message.random()), /Holdfast refuses this lock/);
  audit.check();
});
