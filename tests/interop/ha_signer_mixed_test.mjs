// Aztec's own HA signer 4.1.2 and Holdfast on one PostgreSQL, after either order of migration. All
// race for hundreds of duties, with same and different messages: never two contents for one duty
// (S2), and each side names the other's nodes in the right errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BlockNumber, SlotNumber } from '@aztec/foundation/branded-types';
import { DutyAlreadySignedError, SlashingProtectionError } from '@aztec/validator-ha-signer/errors';
import { runMigrations } from '@aztec/validator-ha-signer/migrations';

import {
  Audit,
  AztecNode,
  HoldfastNode,
  Message,
  holdfast,
  startAztecSigner,
  startPostgres,
  startSigner,
} from './support.mjs';

const DUTIES = 300;
const IN_FLIGHT = 6;
const TYPES = [
  'BLOCK_PROPOSAL',
  'CHECKPOINT_PROPOSAL',
  'ATTESTATION',
  'ATTESTATIONS_AND_SIGNERS',
  'SLASHING_VOTE',
];

function contextOf(number) {
  const dutyType = TYPES[number % TYPES.length];
  const slot = SlotNumber(1 + Math.floor(number / TYPES.length));
  if (dutyType === 'SLASHING_VOTE') return { dutyType, slot };
  const context = { dutyType, slot, blockNumber: BlockNumber(number + 1) };
  return dutyType === 'BLOCK_PROPOSAL' ? { ...context, blockIndexWithinCheckpoint: 0 } : context;
}

const messageFor = context =>
  context.dutyType === 'SLASHING_VOTE' ? Message.vote(context.slot) : Message.random();

async function fourNodes(url) {
  return [
    await AztecNode.start('aztec-1', url),
    new HoldfastNode('holdfast-1', await startSigner('holdfast-1', url)),
    await AztecNode.start('aztec-2', url),
    // Every node has publishers of its own.
    new HoldfastNode(
      'holdfast-2',
      await startSigner('holdfast-2', url, [], {}, '0x' + '02'.repeat(32)),
    ),
  ];
}

/** All nodes ask for the duty at once; gives who signed and the names of the errors. */
async function race(nodes, number, audit) {
  const context = contextOf(number);
  const same = messageFor(context);
  const messages = nodes.map(() => (number % 2 ? same : messageFor(context)));
  // Who asks first changes from duty to duty.
  const order = nodes.map((_, i) => (i + number) % nodes.length);
  const results = await Promise.allSettled(order.map(i => nodes[i].sign(context, messages[i])));
  const winners = [];
  results.forEach((result, position) => {
    const i = order[position];
    if (result.status === 'fulfilled') {
      audit.saw(JSON.stringify(context), messages[i], result.value, nodes[i].nodeId);
      winners.push(nodes[i].nodeId);
      return;
    }
    const { name } = result.reason;
    const expected = number % 2 ? ['DutyAlreadySignedError'] : ['SlashingProtectionError'];
    assert.ok(
      expected.includes(name),
      `${nodes[i].nodeId}, ${JSON.stringify(context)}: ${result.reason}`,
    );
  });
  assert.equal(winners.length, 1, `${JSON.stringify(context)}: signed by ${winners}`);
  return winners[0];
}

async function raceForAll(nodes) {
  const audit = new Audit();
  const wins = {};
  let next = 0;
  const lane = async () => {
    while (next < DUTIES) {
      const winner = await race(nodes, next++, audit);
      wins[winner] = (wins[winner] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  audit.check();
  assert.equal(audit.answered.size, DUTIES);
  return wins;
}

async function expectErrors(first, second, slot) {
  const context = {
    dutyType: 'BLOCK_PROPOSAL',
    slot: SlotNumber(slot),
    blockNumber: BlockNumber(slot),
    blockIndexWithinCheckpoint: 3,
  };
  const [message, other] = [Message.random(), Message.random()];
  await first.sign(context, message);
  await assert.rejects(second.sign(context, message), error => {
    assert.equal(error.name, 'DutyAlreadySignedError');
    assert.equal((error.data ?? error).signedByNode, first.nodeId);
    assert.match(error.message, /^Duty BLOCK_PROPOSAL for slot \d+ already signed by node/);
    if (second instanceof AztecNode) assert.ok(error instanceof DutyAlreadySignedError);
    return true;
  });
  await assert.rejects(second.sign(context, other), error => {
    const fields = error.data ?? error;
    assert.equal(error.name, 'SlashingProtectionError');
    assert.equal(fields.existingMessageHash, message.hash);
    assert.equal(fields.attemptedMessageHash, other.hash);
    assert.equal(fields.signedByNode, first.nodeId);
    assert.match(
      error.message,
      /^Slashing protection: BLOCK_PROPOSAL for slot \d+ was already signed with different/,
    );
    if (second instanceof AztecNode) assert.ok(error instanceof SlashingProtectionError);
    return true;
  });
}

async function everything(url) {
  const nodes = await fourNodes(url);
  await expectErrors(nodes[0], nodes[1], 900_001);
  await expectErrors(nodes[1], nodes[0], 900_002);
  const wins = await raceForAll(nodes);
  console.log(`duties won: ${JSON.stringify(wins)}`);
}

test("Aztec's migration first, then Holdfast's", async () => {
  const { url, sql } = await startPostgres();
  assert.deepEqual(await runMigrations(url), ['1_initial-schema']);
  const output = holdfast(url, 'migrate-ha-db', 'up');
  assert.ok(
    !output.includes('applied 1_initial-schema'),
    `Aztec's migration was applied again: ${output}`,
  );
  assert.deepEqual(await sql('SELECT name FROM pgmigrations'), [{ name: '1_initial-schema' }]);
  await everything(url);
});

test("Holdfast's migration first, then Aztec's", async () => {
  const { url, sql } = await startPostgres();
  holdfast(url, 'migrate-ha-db', 'up');
  assert.deepEqual(await runMigrations(url), [], "Aztec's runner sees its migration as applied");
  assert.deepEqual(await sql('SELECT name FROM pgmigrations'), [{ name: '1_initial-schema' }]);
  await everything(url);
});

test('a version 2 schema: 4.1.2 refuses to start, as it does on its own', async () => {
  const { url } = await startPostgres();
  holdfast(url, 'migrate-ha-db', 'up', '--schema-version', '2');
  await assert.rejects(startAztecSigner('aztec-late', url), /newer than expected/);
});

test('the tables are the very ones that Aztec makes', async () => {
  const tables = "('validator_duties', 'schema_version', 'pgmigrations')";
  const queries = [
    `SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,
            column_default
       FROM information_schema.columns WHERE table_name IN ${tables} ORDER BY 1, 2`,
    `SELECT conrelid::regclass::text AS on_table, contype, pg_get_constraintdef(oid) AS text
       FROM pg_constraint WHERE conrelid::regclass::text IN ${tables} ORDER BY 1, 2, 3`,
    `SELECT tablename, indexdef FROM pg_indexes WHERE tablename IN ${tables} ORDER BY 1, 2`,
  ];
  const theirs = await startPostgres();
  await runMigrations(theirs.url);
  const ours = await startPostgres();
  holdfast(ours.url, 'migrate-ha-db', 'up');
  for (const query of queries) {
    assert.deepEqual(await ours.sql(query), await theirs.sql(query));
  }
});
