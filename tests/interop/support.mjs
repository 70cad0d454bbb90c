// What the interop tests share: a PostgreSQL of their own, real signers, Aztec's classes, and an
// audit of every signature that anybody answered.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Buffer32 } from '@aztec/foundation/buffer';
import { Secp256k1Signer } from '@aztec/foundation/crypto/secp256k1-signer';
import { EthAddress } from '@aztec/foundation/eth-address';
import { createHASigner } from '@aztec/validator-ha-signer/factory';
import pg from 'pg';
import { hashTypedData } from 'viem';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const BUILD = process.env.HOLDFAST_BUILD ?? join(HERE, '../../build/release');
const PATIENCE_MS = 60_000;

export const ROLLUP = EthAddress.fromString('0x' + '11'.repeat(20));
/** The first two keys of the well-known test mnemonic; the vectors use them, too. */
export const KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
];
const SIGNERS = KEYS.map(key => new Secp256k1Signer(Buffer32.fromString(key)));
export const ATTESTER = SIGNERS[0].address;
export const PUBLISHER = SIGNERS[1].address;

/** Aztec's key stores lie beside an index that does not load on Debian 12. */
export const keyStoreModule = name =>
  import(
    new URL(`node_modules/@aztec/validator-client/dest/key_store/${name}`, import.meta.url).href
  );

export const vectors = name =>
  JSON.parse(readFileSync(join(HERE, '../vectors', name), 'utf8')).vectors;

// Aztec's clean-up leaves the timer of its last pause behind; it must not keep the process alive.
const plainSetTimeout = globalThis.setTimeout;
globalThis.setTimeout = (callback, ms, ...rest) => {
  const timer = plainSetTimeout(callback, ms, ...rest);
  if (ms > PATIENCE_MS) timer.unref();
  return timer;
};

const closers = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});
export const onClose = close => closers.push(close);

const folder = mkdtempSync(join(tmpdir(), 'holdfast-interop-'));
onClose(() => rmSync(folder, { recursive: true, force: true }));

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Polls until the condition gives something true, which it returns. */
export async function waitUntil(what, condition, ms = PATIENCE_MS) {
  const deadline = Date.now() + ms;
  for (;;) {
    const result = await condition();
    if (result) return result;
    assert.ok(Date.now() < deadline, `after ${ms} ms still not: ${what}`);
    await sleep(10);
  }
}

/** Only what says how to find things: nothing that would configure a signer or libpq. */
const plainEnvironment = { PATH: process.env.PATH, HOME: process.env.HOME };

/** The URL of an empty database on a server of its own, and a client for looking into it. */
export async function startPostgres() {
  const child = spawn('python3', [join(HERE, '../functional/postgres.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = new Promise(resolve => child.once('exit', resolve));
  onClose(async () => {
    child.stdin.end();
    await gone;
  });
  let output = '';
  child.stdout.on('data', data => (output += data));
  await waitUntil(
    'PostgreSQL runs',
    () => {
      assert.equal(child.exitCode, null, 'PostgreSQL did not start');
      return output.includes('\n');
    },
    2 * PATIENCE_MS,
  );
  const url = output.trim();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onClose(() => client.end());
  return { url, sql: async (text, values) => (await client.query(text, values)).rows };
}

/** The row that a stock node inserts before it asks its remote signer. */
export const insertSigningRow = (database, { hash, slot, dutyType, index = -1 }) =>
  database.sql(
    `INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number,
       block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token)
     VALUES ($1, $2, $3, 0, $4, $5, 'signing', $6, 'stock-node', $7)`,
    [
      ROLLUP.toString(),
      ATTESTER.toString(),
      slot,
      index,
      dutyType,
      hash,
      randomBytes(16).toString('hex'),
    ],
  );

/** Runs a command of holdfast to its end. The database's URL goes by the environment. */
export function holdfast(databaseUrl, ...words) {
  const result = spawnSync(join(BUILD, 'bin/holdfast'), words, {
    env: { ...plainEnvironment, DATABASE_URL: databaseUrl },
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  assert.equal(result.status, 0, `${words.join(' ')}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A signer that holds the attester's and the publisher's key; gives its URL. */
export async function startSigner(
  nodeId,
  databaseUrl,
  words = [],
  environment = {},
  publisher = KEYS[1],
) {
  const home = join(folder, `${nodeId}-${randomBytes(4).toString('hex')}`);
  mkdirSync(home, { mode: 0o700 });
  const keystore = join(home, 'keystore.json');
  const validator = { attester: KEYS[0], publisher, feeRecipient: '0x' + '00'.repeat(32) };
  writeFileSync(keystore, JSON.stringify({ schemaVersion: 1, validators: [validator] }), {
    mode: 0o600,
  });
  // A signer does not outlive the test, not even one that is killed.
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      join(BUILD, 'bin/holdfast'),
      'signer',
      '--node-id',
      nodeId,
      '--rollup-address',
      ROLLUP.toString(),
      '--chain-id',
      '31337',
      '--keystore',
      keystore,
      '--data-dir',
      join(home, 'data'),
      '--listen',
      '127.0.0.1:0',
      '--ops-listen',
      '127.0.0.1:0',
      ...words,
    ],
    {
      env: { ...plainEnvironment, VALIDATOR_HA_DATABASE_URL: databaseUrl, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const gone = new Promise(resolve => child.once('exit', resolve));
  onClose(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  let output = '';
  let log = '';
  child.stdout.on('data', data => (output += data));
  child.stderr.on('data', data => (log = (log + data).slice(-4000)));
  await waitUntil(`${nodeId} is ready`, () => {
    assert.equal(child.exitCode, null, `${nodeId} ended:\n${log}`);
    return output.includes('\n');
  });
  return 'http://' + /127\.0\.0\.1:\d+/.exec(output)[0];
}

export async function rpc(url, method, ...params) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const reply = await response.json();
  if (reply.error) {
    throw Object.assign(new Error(reply.error.message), {
      name: reply.error.data?.name,
      data: reply.error.data,
    });
  }
  return reply.result;
}

/** What is to be signed: 32 bytes for eth_sign, or typed data. */
export class Message {
  constructor(hash, typedData) {
    this.hash = hash;
    this.typedData = typedData;
  }
  static random() {
    return new Message('0x' + randomBytes(32).toString('hex'));
  }
  static vote(slot) {
    const typedData = {
      domain: {
        name: 'TallySlashingProposer',
        version: '1',
        chainId: 1,
        verifyingContract: '0x' + '22'.repeat(20),
      },
      types: {
        EIP712Domain: [
          { name: 'name', type: 'string' },
          { name: 'version', type: 'string' },
          { name: 'chainId', type: 'uint256' },
          { name: 'verifyingContract', type: 'address' },
        ],
        Vote: [
          { name: 'votes', type: 'bytes' },
          { name: 'slot', type: 'uint256' },
        ],
      },
      primaryType: 'Vote',
      message: { votes: '0x' + randomBytes(12).toString('hex'), slot: String(slot) },
    };
    return new Message(hashTypedData(typedData), typedData);
  }
  /** The one signature that the attester's key makes of it (RFC 6979). */
  signature() {
    const hash = Buffer32.fromString(this.hash);
    return this.typedData ? SIGNERS[0].sign(hash) : SIGNERS[0].signMessage(hash);
  }
}

/** Sees every signature that was answered; at most one content for a duty. */
export class Audit {
  answered = new Map();
  violations = [];

  saw(duty, message, signature, who) {
    if (signature.toString() !== message.signature().toString()) {
      this.violations.push(`${who} answered ${signature} for ${message.hash} of ${duty}`);
    }
    const first = this.answered.get(duty) ?? { hash: message.hash, who };
    this.answered.set(duty, first);
    if (first.hash !== message.hash) {
      this.violations.push(
        `DOUBLE SIGN of ${duty}: ${first.hash} by ${first.who}, ${message.hash} by ${who}`,
      );
    }
  }

  check() {
    assert.deepEqual(this.violations, []);
  }
}

/** A Holdfast node that is asked with the context of a duty. */
export class HoldfastNode {
  constructor(nodeId, url) {
    this.nodeId = nodeId;
    this.url = url;
  }
  sign(context, message) {
    const plain = JSON.parse(
      JSON.stringify(context, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
    );
    return message.typedData
      ? rpc(this.url, 'eth_signTypedData', ATTESTER.toString(), message.typedData, plain)
      : rpc(this.url, 'eth_sign', ATTESTER.toString(), message.hash, plain);
  }
}

/** Aztec's own HA signer of version 4.1.2, as a stock node makes it. */
export async function startAztecSigner(nodeId, databaseUrl, overrides = {}) {
  // The pool is ours, to be closed when the signer refuses to start; and a server that is stopped
  // must not end this process, as it does end a stock node of this version (W8).
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  pool.on('error', () => {});
  const config = {
    haSigningEnabled: true,
    databaseUrl,
    nodeId,
    pollingIntervalMs: 20,
    signingTimeoutMs: 20_000,
    maxStuckDutiesAgeMs: 144_000,
    l1Contracts: { rollupAddress: ROLLUP },
    ...overrides,
  };
  let signer;
  try {
    ({ signer } = await createHASigner(config, { pool }));
  } catch (error) {
    await pool.end();
    throw error;
  }
  await signer.start();
  onClose(() => signer.stop());
  return signer;
}

/** The same with its key in the process: a node that Holdfast does not stand before. */
export class AztecNode {
  constructor(nodeId, signer) {
    this.nodeId = nodeId;
    this.signer = signer;
  }
  static async start(nodeId, databaseUrl) {
    return new AztecNode(nodeId, await startAztecSigner(nodeId, databaseUrl));
  }
  sign(context, message) {
    return this.signer.signWithProtection(
      ATTESTER,
      Buffer32.fromString(message.hash),
      context,
      () => Promise.resolve(message.signature()),
    );
  }
}

/** A proxy before a signer that can hold a request, or its reply, until it is let go. */
export class SlowLink {
  static async start(target) {
    const link = new SlowLink();
    link.target = new URL(target);
    link.hold = { request: null, reply: null };
    link.forwarded = 0;
    link.server = http.createServer((request, response) => void link.#forward(request, response));
    await new Promise(resolve => link.server.listen(0, '127.0.0.1', resolve));
    link.url = `http://127.0.0.1:${link.server.address().port}`;
    onClose(() => {
      link.server.closeAllConnections();
      link.server.close();
    });
    return link;
  }

  /** From now on each request (or reply) waits; the function that is given lets them go. */
  block(what) {
    let release;
    this.hold[what] = new Promise(resolve => (release = resolve));
    return () => {
      this.hold[what] = null;
      release();
    };
  }

  async #forward(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    this.waiting = (this.waiting ?? 0) + 1;
    await this.hold.request;
    const reply = await fetch(this.target, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.concat(chunks),
    });
    const body = Buffer.from(await reply.arrayBuffer());
    this.forwarded += 1;
    await this.hold.reply;
    response.writeHead(reply.status, { 'Content-Type': 'application/json' });
    response.end(body);
  }
}
