// Stock Aztec 4.1.2 nodes (HAKeyStore over NodeKeystoreAdapter) with their key behind Holdfast. Of
// the two double signs that such nodes make on their own (W1: a slow signer loses its lock to the
// node's own cleanup; W2: two processes with one node id) none gets through, whether the request
// or the reply is what is slow (S1, S2, S3).
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { BlockNumber, SlotNumber } from '@aztec/foundation/branded-types';
import { Buffer32 } from '@aztec/foundation/buffer';
import { KeystoreManager } from '@aztec/node-keystore';

import {
  ATTESTER,
  Audit,
  Message,
  SlowLink,
  holdfast,
  insertSigningRow,
  keyStoreModule,
  rpc,
  sleep,
  startAztecSigner,
  startPostgres,
  startSigner,
  waitUntil,
} from './support.mjs';

const { HAKeyStore } = await keyStoreModule('ha_key_store.js');
const { NodeKeystoreAdapter } = await keyStoreModule('node_keystore_adapter.js');

let database, signer;
const audit = new Audit();
before(async () => {
  database = await startPostgres();
  holdfast(database.url, 'migrate-ha-db', 'up');
  signer = await startSigner('gate', database.url, ['--gated']);
});

/** A stock node: its HA signer on the shared database, its key at a remote signer. */
async function stockNode(nodeId, { remoteSignerUrl = signer, ...overrides } = {}) {
  const manager = new KeystoreManager({
    schemaVersion: 1,
    remoteSigner: remoteSignerUrl,
    validators: [{ attester: ATTESTER, feeRecipient: '0x' + '00'.repeat(32) }],
  });
  await manager.validateSigners();
  const haSigner = await startAztecSigner(nodeId, database.url, overrides);
  const keyStore = new HAKeyStore(NodeKeystoreAdapter.fromKeyStoreManager(manager), haSigner);
  return {
    async sign(slot, message, dutyType = 'BLOCK_PROPOSAL') {
      const context = {
        dutyType,
        slot: SlotNumber(slot),
        blockNumber: BlockNumber(slot),
        blockIndexWithinCheckpoint: 0,
      };
      const signature = message.typedData
        ? await keyStore.signTypedDataWithAddress(ATTESTER, message.typedData, {
            dutyType,
            slot: SlotNumber(slot),
          })
        : await keyStore.signMessageWithAddress(
            ATTESTER,
            Buffer32.fromString(message.hash),
            context,
          );
      audit.saw(`${dutyType} ${slot}`, message, signature, nodeId);
      return signature;
    },
  };
}

const rowsOf = slot =>
  database.sql(
    'SELECT status, message_hash, signature, node_id FROM validator_duties WHERE slot = $1',
    [slot],
  );
const whenRowIsGone = slot =>
  waitUntil(`the row of slot ${slot} is gone`, async () => (await rowsOf(slot)).length === 0);

test('a stock node signs through the gate, and its own update still works', async () => {
  const node = await stockNode('stock-1');
  const message = Message.random();
  await node.sign(100, message);
  const [row] = await rowsOf(100);
  assert.equal(row.status, 'signed');
  assert.equal(row.signature, message.signature().toString());
  assert.equal(row.node_id, 'stock-1');
  await node.sign(101, Message.vote(101), 'SLASHING_VOTE');
  audit.check();
});

test('a second stock node gets the errors that it knows', async () => {
  const [first, second] = [await stockNode('stock-2'), await stockNode('stock-3')];
  const message = Message.random();
  await first.sign(110, message);
  await assert.rejects(second.sign(110, message), {
    name: 'DutyAlreadySignedError',
    signedByNode: 'stock-2',
  });
  await assert.rejects(second.sign(110, Message.random()), { name: 'SlashingProtectionError' });
});

test('without a row nothing is signed, whatever the message', async () => {
  await assert.rejects(rpc(signer, 'eth_sign', ATTESTER.toString(), Message.random().hash), {
    name: 'NoSigningLockError',
  });
  const vote = Message.vote(120);
  await assert.rejects(rpc(signer, 'eth_signTypedData', ATTESTER.toString(), vote.typedData), {
    name: 'NoSigningLockError',
  });
});

const settled = promise =>
  promise.then(
    signature => ({ signature }),
    error => ({ error }),
  );

/**
 * A node is slow at `what` while its row is deleted under it: by its own clean-up (W1), or by that
 * of a second process with its node id (W2). Then another node asks for another message.
 */
async function lostLock(weakness, slot, what) {
  const link = await SlowLink.start(signer);
  const nodeId = `${weakness}-${what}`;
  // Long enough for the gate to sign first, even on a slow machine, where the reply is what waits.
  const ownCleanUp = { maxStuckDutiesAgeMs: what === 'reply' ? 3000 : 300 };
  const slow = await stockNode(nodeId, {
    remoteSignerUrl: link.url,
    ...(weakness === 'W1' ? ownCleanUp : {}),
  });
  const release = link.block(what);
  const [message, other] = [Message.random(), Message.random()];
  const pending = settled(slow.sign(slot, message));
  await waitUntil(
    'the request is held',
    () => (what === 'request' ? link.waiting : link.forwarded) > 1,
  );
  await sleep(50);
  const second =
    weakness === 'W1'
      ? await stockNode(`${nodeId}-other`)
      : await stockNode(nodeId, { maxStuckDutiesAgeMs: 20 });
  await whenRowIsGone(slot);
  const answer = await settled(second.sign(slot, other));
  release();
  return { first: await pending, second: answer, message, other };
}

for (const [number, weakness] of ['W1', 'W2'].entries()) {
  test(`${weakness}, the request is slow: only the second node gets a signature`, async () => {
    const { first, second, other } = await lostLock(weakness, 200 + number, 'request');
    assert.equal(second.signature?.toString(), other.signature().toString(), String(second.error));
    assert.match(
      String(first.error),
      /JSON-RPC error for eth_sign/,
      'the slow node had lost its lock',
    );
    audit.check();
  });

  test(`${weakness}, the reply is slow: the database refuses the second message`, async () => {
    const { first, second, message } = await lostLock(weakness, 210 + number, 'reply');
    assert.ok(second.error, 'a second message was signed');
    // The slow node's signature had left before; it is the only one.
    assert.equal(first.signature?.toString(), message.signature().toString(), String(first.error));
    audit.check();
  });
}

// Fails when the ledger's triggers are missing: nothing but the database stands in the way here.
test('the database remembers a deleted signed row and refuses another hash', async () => {
  const node = await stockNode('stock-4');
  const message = Message.random();
  await node.sign(300, message);
  await database.sql('DELETE FROM validator_duties WHERE slot = 300');
  const row = { hash: Message.random().hash, slot: 300, dutyType: 'BLOCK_PROPOSAL', index: 0 };
  await assert.rejects(insertSigningRow(database, row), error => {
    assert.ok(error.severity, `not an error of the database: ${error}`);
    return true;
  });
  await assert.rejects(node.sign(300, Message.random()));
  await assert.rejects(database.sql('TRUNCATE validator_duties'));
  audit.check();
});

test('W5: a stock node of another rollup wipes the table; nothing is forgotten', async () => {
  const node = await stockNode('stock-5');
  await node.sign(310, Message.random());
  const { EthAddress } = await import('@aztec/foundation/eth-address');
  await startAztecSigner('stock-6', database.url, {
    l1Contracts: { rollupAddress: EthAddress.fromString('0x' + '99'.repeat(20)) },
  });
  assert.deepEqual(await rowsOf(310), []);
  await assert.rejects(node.sign(310, Message.random()));
  audit.check();
});
