// Aztec's own HA signer (4.1.2) signing block proposals with a local key, N in flight.
// usage: node aztec_bench.mjs DATABASE_URL IN_FLIGHT SECONDS FIRST_SLOT
const packages = new URL('../tests/interop/node_modules/', import.meta.url);
const load = path => import(new URL(path, packages));

const { createHASigner } = await load('@aztec/validator-ha-signer/dest/factory.js');
const { EthAddress } = await load('@aztec/foundation/dest/eth-address/index.js');
const { Buffer32 } = await load('@aztec/foundation/dest/buffer/index.js');
const { Secp256k1Signer } = await load(
  '@aztec/foundation/dest/crypto/secp256k1-signer/index.js');

const [databaseUrl, inFlight, seconds, firstSlot] = process.argv.slice(2);
const { signer } = await createHASigner({
  databaseUrl,
  haSigningEnabled: true,
  nodeId: 'aztec-bench',
  pollingIntervalMs: 100,
  signingTimeoutMs: 3000,
  l1Contracts: { rollupAddress: EthAddress.fromString('0x' + '11'.repeat(20)) },
});
const key = new Secp256k1Signer(Buffer32.fromString('0x' + '00'.repeat(31) + '01'));
const hash = Buffer32.fromString('0x' + 'aa'.repeat(32));

let slot = BigInt(firstSlot);
const latencies = [];
const began = performance.now();
const until = began + Number(seconds) * 1000;

async function worker() {
  while (performance.now() < until) {
    const before = performance.now();
    const context = {
      slot: slot++,
      blockNumber: 50n,
      blockIndexWithinCheckpoint: 0,
      dutyType: 'BLOCK_PROPOSAL',
    };
    await signer.signWithProtection(key.address, hash, context, root =>
      Promise.resolve(key.signMessage(root)));
    latencies.push((performance.now() - before) * 1000);
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, worker));
const elapsed = (performance.now() - began) / 1000;
latencies.sort((a, b) => a - b);
const at = share => Math.round(latencies[Math.floor((latencies.length - 1) * share)]);
console.log(JSON.stringify({
  duties: latencies.length,
  seconds: elapsed,
  per_second: latencies.length / elapsed,
  median_us: at(0.5),
  p99_us: at(0.99),
}));
process.exit(0);
