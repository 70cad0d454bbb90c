// Aztec's Web3Signer clients of 4.1.2 (KeystoreManager.validateSigners and RemoteSigner) against
// the daemon, and the exchanges that were recorded from a stock node.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { Buffer32 } from '@aztec/foundation/buffer';
import { KeystoreManager, LocalSigner, RemoteSigner } from '@aztec/node-keystore';

import {
  ATTESTER,
  KEYS,
  Message,
  PUBLISHER,
  holdfast,
  insertSigningRow,
  startPostgres,
  startSigner,
  vectors,
} from './support.mjs';

let database, signer;
before(async () => {
  database = await startPostgres();
  holdfast(database.url, 'migrate-ha-db', 'up');
  signer = await startSigner('daemon', database.url, ['--gated']);
});

let lastSlot = 0;
const insertRow = (hash, dutyType = 'ATTESTATION', slot = ++lastSlot) =>
  insertSigningRow(database, { hash, dutyType, slot });

const configOf = address => ({
  schemaVersion: 1,
  remoteSigner: signer,
  validators: [{ attester: address, feeRecipient: '0x' + '00'.repeat(32) }],
});

test('validateSigners finds the attester', async () => {
  await new KeystoreManager(configOf(ATTESTER)).validateSigners();
});

test('validateSigners names an address that the daemon does not have', async () => {
  const { EthAddress } = await import('@aztec/foundation/eth-address');
  const stranger = EthAddress.fromString('0x70997970c51812dc3a010c7d01b50e0d17dc79c9');
  await assert.rejects(
    RemoteSigner.validateAccess(signer, [ATTESTER.toString(), stranger.toString()]),
    new RegExp(`not available in the web3signer: ${stranger}`),
  );
});

test('RemoteSigner: a message whose row is there is signed, and any other is refused', async () => {
  const remote = new RemoteSigner(ATTESTER, signer);
  const message = Message.random();
  await assert.rejects(
    remote.signMessage(Buffer32.fromString(message.hash)),
    /Web3Signer JSON-RPC error for eth_sign/,
  );
  await insertRow(message.hash);
  const signature = await remote.signMessage(Buffer32.fromString(message.hash));
  assert.equal(signature.toString(), message.signature().toString());
});

test('RemoteSigner: typed data as a JSON text', async () => {
  const remote = new RemoteSigner(ATTESTER, signer);
  const message = Message.vote(4711);
  await insertRow(message.hash, 'SLASHING_VOTE', 4711);
  const signature = await remote.signTypedData(message.typedData);
  assert.equal(signature.toString(), message.signature().toString());
});

test('RemoteSigner: typed data whose row has another slot is refused', async () => {
  const message = Message.vote(4712);
  await insertRow(message.hash, 'SLASHING_VOTE', 4713);
  await assert.rejects(
    new RemoteSigner(ATTESTER, signer).signTypedData(message.typedData),
    /JSON-RPC error/,
  );
});

test("RemoteSigner: a publisher's transactions are what a local key signs", async () => {
  const remote = new RemoteSigner(PUBLISHER, signer);
  const local = new LocalSigner(Buffer32.fromString(KEYS[1]));
  for (const nonce of [0, 1, 300]) {
    const transaction = {
      type: 'eip1559',
      chainId: 31337,
      to: '0x' + '33'.repeat(20),
      data: '0x' + 'cd'.repeat(100),
      value: 10n ** 15n,
      nonce,
      gas: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 10n ** 9n,
    };
    const signature = await remote.signTransaction(transaction);
    assert.equal(signature.toString(), (await local.signTransaction(transaction)).toString());
  }
});

test('RemoteSigner: an attester signs no transaction', async () => {
  const transaction = {
    to: '0x' + '33'.repeat(20),
    data: '0x',
    value: 1n,
    nonce: 0,
    gas: 21_000n,
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
  };
  await assert.rejects(
    new RemoteSigner(ATTESTER, signer).signTransaction(transaction),
    /JSON-RPC error/,
  );
});

const RECORDED = {
  eth_sign: 'ATTESTATION',
  'eth_signTypedData Vote': 'SLASHING_VOTE',
  'eth_signTypedData Signal': 'GOVERNANCE_VOTE',
  'eth_signTypedData v5 CheckpointAttestation': 'ATTESTATION',
};

for (const [name, dutyType] of Object.entries(RECORDED)) {
  test(`recorded exchange: ${name}`, async () => {
    const { request, outcome } = vectors('web3signer_wire.json').find(
      vector => vector.name === name,
    );
    const body = request.body.replace('{{8 random hex}}', '0badcafe');
    const { method, params } = JSON.parse(body);
    let hash = params[1];
    let slot = ++lastSlot;
    if (method === 'eth_signTypedData') {
      const { hashTypedData } = await import('viem');
      const typedData = JSON.parse(params[1]);
      hash = hashTypedData(typedData);
      slot = Number(typedData.message.slot ?? slot);
    }
    await insertRow(hash, dutyType, slot);
    const response = await fetch(signer + request.url, {
      method: request.method,
      headers: { 'Content-Type': request.contentType },
      body,
    });
    assert.equal(response.status, 200);
    const reply = await response.json();
    assert.equal(reply.id, '0badcafe');
    assert.equal(reply.result, outcome, JSON.stringify(reply));
  });
}

test('recorded exchange: eth_accounts', async () => {
  const { request } = vectors('web3signer_wire.json').find(
    vector => vector.name === 'validateAccess ok',
  );
  const response = await fetch(signer, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: request.body,
  });
  const reply = await response.json();
  assert.equal(reply.id, 1);
  assert.deepEqual([...reply.result].sort(), [ATTESTER.toString(), PUBLISHER.toString()].sort());
});
