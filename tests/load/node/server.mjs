// Arm (c): the Node archetype of a claim: Fastify, ioredis with auto-pipelining, pg with one
// insert per win. Same token, facts, limits, script and tables as ours; only the batches are missing.
// As the plain arm it is spared the count on the offer's row and the clearing of pending marks.

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import pg from 'pg';

const POOL_MAX = 16;
const FACTS_MS = 1000;
const WINDOW_S = 60;
const MAC_BYTES = 16;
// version, key id · purpose, session, account, person, end · MAC: see server/identity/session.py
const TOKEN_BYTES = 2 + 1 + 16 + 16 + 16 + 4 + MAC_BYTES;

const port = Number(process.argv[2]);
const key = Buffer.from(process.env.BENCH_TOKEN_KEY, 'hex');
const networkKey = randomBytes(32);
const take = readFileSync(process.env.BENCH_TAKE, 'utf8');
const takeSha = createHash('sha1').update(take).digest('hex');
const insert = readFileSync(process.env.BENCH_INSERT, 'utf8');
const limits = JSON.parse(process.env.BENCH_LIMITS);

const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: POOL_MAX });

class Refusal extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

function uuidText(bytes) {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes;
}

function personOf(authorization) {
  if (!authorization?.startsWith('Bearer ')) throw new Refusal(401, 'identity.not_logged_in');
  const data = Buffer.from(authorization.slice(7), 'base64url');
  if (data.length !== TOKEN_BYTES) throw new Refusal(401, 'identity.not_logged_in');
  const body = data.subarray(0, -MAC_BYTES);
  const mac = createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES);
  if (!timingSafeEqual(mac, data.subarray(-MAC_BYTES))) throw new Refusal(401, 'identity.not_logged_in');
  if (data.readUInt32BE(51) * 1000 <= Date.now()) throw new Refusal(401, 'identity.not_logged_in');
  return data.subarray(35, 51);
}

// As behind one trusted proxy: the last address it was told is the one that the proxy saw.
function addressOf(request) {
  const forwarded = request.headers['x-forwarded-for'];
  return forwarded ? forwarded.slice(forwarded.lastIndexOf(',') + 1).trim() : request.ip;
}

const facts = new Map();

async function roundOf(id) {
  const known = facts.get(id);
  if (known && known.until > Date.now()) return known.round;
  const { rows } = await pool.query(
    `SELECT r.opens_at, r.closes_at, r.paused, r.voucher_valid_seconds, r.voucher_valid_until_max,
            o.id, o.position, o.category, o.name, o.min_spend_fen, o.face_value_fen
     FROM rounds r JOIN offers o ON o.round_id = r.id WHERE r.id = $1`,
    [id],
  );
  if (!rows.length) throw new Refusal(404, 'campaign.unknown_round');
  const round = { ...rows[0], offers: new Map(rows.map((row) => [row.id, row])) };
  facts.set(id, { round, until: Date.now() + FACTS_MS });
  return round;
}

async function runTake(keys, args) {
  try {
    return await redis.evalshaBuffer(takeSha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!error.message.includes('NOSCRIPT')) throw error;
    return redis.evalBuffer(take, keys.length, ...keys, ...args);
  }
}

const app = Fastify({ logger: false, bodyLimit: 65536 });

app.setErrorHandler((error, request, reply) => {
  const status = error.status ?? error.statusCode ?? 500;
  if (status >= 500) console.error(error);
  reply.code(status).type('application/problem+json').send({ status, code: error.code });
});

const schema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['offer_id'],
    properties: { offer_id: { type: 'string', minLength: 36, maxLength: 36 } },
  },
  response: {
    201: {
      type: 'object',
      properties: {
        id: { type: 'string' },
        round_id: { type: 'string' },
        offer_id: { type: 'string' },
        category: { type: 'string' },
        name: { type: 'string' },
        min_spend_fen: { type: 'integer' },
        face_value_fen: { type: 'integer' },
        state: { type: 'string' },
        issued_at: { type: 'string' },
        valid_until: { type: 'string' },
      },
    },
  },
};

app.post('/api/v1/rounds/:roundId/claims', { schema }, async (request, reply) => {
  const person = personOf(request.headers.authorization);
  const { roundId } = request.params;
  const round = await roundOf(roundId);
  const offer = round.offers.get(request.body.offer_id);
  if (!offer) throw new Refusal(404, 'claim.unknown_offer');
  const now = new Date();
  if (now < round.opens_at || now >= round.closes_at || round.paused) {
    throw new Refusal(409, 'claim.not_open');
  }
  const claimId = uuid7();
  const network = createHmac('sha256', networkKey).update(addressOf(request)).digest().subarray(0, 8);
  const entry = Buffer.concat([person, claimId, network, Buffer.from([offer.position, 0])]);
  const prefix = `hx:{${roundId}}:`;
  const minute = Math.floor(now.getTime() / 1000 / WINDOW_S);
  const [, answer] = await runTake(
    [
      `${prefix}gate`,
      `${prefix}holders`,
      `${prefix}counts`,
      `${prefix}pending`,
      `${prefix}rate:${minute}`,
      `${prefix}rate:${minute - 1}`,
    ],
    [entry, ...limits],
  );
  const status = answer.length ? String.fromCharCode(answer[0]) : '';
  if (status === 'R') throw new Refusal(429, 'claim.too_many');
  if (status !== 'W') throw new Refusal(409, 'claim.sold_out');
  const validUntil = new Date(
    Math.min(now.getTime() + Number(round.voucher_valid_seconds) * 1000, round.voucher_valid_until_max),
  );
  const id = uuidText(claimId);
  await pool.query({
    name: 'insert',
    text: insert,
    values: [
      id,
      roundId,
      offer.id,
      uuidText(person),
      answer.readUInt32BE(17) || null,
      now,
      network,
      validUntil,
    ],
  });
  reply.code(201);
  return {
    id,
    round_id: roundId,
    offer_id: offer.id,
    category: offer.category,
    name: offer.name,
    min_spend_fen: Number(offer.min_spend_fen),
    face_value_fen: Number(offer.face_value_fen),
    state: 'issued',
    issued_at: now.toISOString(),
    valid_until: validUntil.toISOString(),
  };
});

process.on('SIGTERM', async () => {
  await app.close();
  await pool.end();
  redis.disconnect();
});

await app.listen({ host: '127.0.0.1', port, backlog: 511 });
