WITH claim AS (
  INSERT INTO claims (id, round_id, offer_id, person_id, slot, claimed_at, network_index)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT DO NOTHING
  RETURNING id, offer_id, person_id, claimed_at
), voucher AS (
  INSERT INTO vouchers (id, person_id, round_id, offer_id, category, name, min_spend_fen,
    face_value_fen, state, issued_at, valid_until)
  SELECT c.id, c.person_id, o.round_id, o.id, o.category, o.name, o.min_spend_fen,
    o.face_value_fen, 'issued', c.claimed_at, $8
  FROM claim c JOIN offers o ON o.id = c.offer_id
)
SELECT id FROM claim
