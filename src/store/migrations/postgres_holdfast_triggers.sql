-- The triggers that keep what was signed (S2, S3). Run again whenever they are missing: Aztec's
-- `migrate-ha-db down` and `up` make validator_duties anew, without them.
--
-- The functions run as their owner, so that a stock node's role needs no right to our tables.

CREATE OR REPLACE FUNCTION holdfast_keep_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
DECLARE
  kept_hash TEXT;
BEGIN
  -- At or below a watermark nothing has to be kept: it refuses that slot for ever, and whoever read
  -- the tables before it rose is refused when the signature is recorded.
  IF EXISTS (SELECT FROM holdfast_watermark
             WHERE rollup_address = lower(OLD.rollup_address)
               AND validator_address = lower(OLD.validator_address)
               AND duty_type = OLD.duty_type AND slot >= OLD.slot) THEN
    RETURN NULL;
  END IF;
  INSERT INTO holdfast_ledger AS kept (
    rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint,
    block_number, checkpoint_number, status, message_hash, signature, node_id, lock_token,
    started_at, completed_at, error_message)
  VALUES (
    lower(OLD.rollup_address), lower(OLD.validator_address), OLD.slot, OLD.duty_type,
    OLD.block_index_within_checkpoint, OLD.block_number,
    coalesce((to_jsonb(OLD) ->> 'checkpoint_number')::bigint, 0), OLD.status,
    lower(OLD.message_hash), lower(OLD.signature), OLD.node_id, OLD.lock_token,
    OLD.started_at, OLD.completed_at, OLD.error_message)
  ON CONFLICT (rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint)
  DO UPDATE SET status = excluded.status, signature = excluded.signature,
    node_id = excluded.node_id, lock_token = excluded.lock_token,
    started_at = excluded.started_at, completed_at = excluded.completed_at,
    error_message = excluded.error_message
  WHERE kept.signature IS NULL AND excluded.signature IS NOT NULL
    AND kept.message_hash = excluded.message_hash;
  IF NOT FOUND THEN
    SELECT message_hash INTO kept_hash FROM holdfast_ledger
    WHERE rollup_address = lower(OLD.rollup_address)
      AND validator_address = lower(OLD.validator_address) AND slot = OLD.slot
      AND duty_type = OLD.duty_type
      AND block_index_within_checkpoint = OLD.block_index_within_checkpoint;
    IF kept_hash IS DISTINCT FROM lower(OLD.message_hash) THEN
      RAISE EXCEPTION 'Holdfast keeps this row: % of slot % is in holdfast_ledger with another message hash',
        OLD.duty_type, OLD.slot USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END IF;
  RETURN NULL;
END $body$;

CREATE OR REPLACE FUNCTION holdfast_check_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
DECLARE
  kept_hash TEXT;
  kept_node TEXT;
  mark BIGINT;
BEGIN
  -- Beside the row of the same duty in lower case it would be a second lock: all that keeps two apart
  -- is the primary key.
  IF NEW.rollup_address <> lower(NEW.rollup_address)
     OR NEW.validator_address <> lower(NEW.validator_address) THEN
    RAISE EXCEPTION 'Holdfast refuses this lock: % of slot % has an address that is not in lower case (%, %)',
      NEW.duty_type, NEW.slot, NEW.rollup_address, NEW.validator_address
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- The ledger before the watermark: a prune that commits between the two is seen by the second.
  SELECT message_hash, node_id INTO kept_hash, kept_node FROM holdfast_ledger
  WHERE rollup_address = lower(NEW.rollup_address)
    AND validator_address = lower(NEW.validator_address) AND slot = NEW.slot
    AND duty_type = NEW.duty_type
    AND block_index_within_checkpoint = NEW.block_index_within_checkpoint;
  IF FOUND AND kept_hash <> lower(NEW.message_hash) THEN
    RAISE EXCEPTION 'Holdfast refuses this lock: % of slot % was signed with another message hash (%) by node %, though its row was deleted',
      NEW.duty_type, NEW.slot, kept_hash, kept_node
      USING ERRCODE = 'integrity_constraint_violation', HINT = 'See holdfast_ledger.';
  END IF;
  SELECT slot INTO mark FROM holdfast_watermark
  WHERE rollup_address = lower(NEW.rollup_address)
    AND validator_address = lower(NEW.validator_address) AND duty_type = NEW.duty_type;
  IF FOUND AND NEW.slot <= mark THEN
    RAISE EXCEPTION 'Holdfast refuses this lock: % of slot % lies at or below the watermark % under which history was pruned',
      NEW.duty_type, NEW.slot, mark
      USING ERRCODE = 'integrity_constraint_violation', HINT = 'See holdfast_watermark.';
  END IF;
  RETURN NULL;
END $body$;

CREATE OR REPLACE FUNCTION holdfast_keep_signed() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
  IF NEW.rollup_address <> OLD.rollup_address OR NEW.validator_address <> OLD.validator_address
     OR NEW.slot <> OLD.slot OR NEW.duty_type <> OLD.duty_type
     OR NEW.block_index_within_checkpoint <> OLD.block_index_within_checkpoint
     OR NEW.message_hash <> OLD.message_hash
     OR NEW.signature IS DISTINCT FROM OLD.signature
     OR (OLD.status = 'signed' AND NEW.status <> 'signed') THEN
    RAISE EXCEPTION 'Holdfast refuses this update: % of slot % is signed, and signed stays signed',
      OLD.duty_type, OLD.slot USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $body$;

CREATE OR REPLACE FUNCTION holdfast_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
  RAISE EXCEPTION 'Holdfast refuses % of %: it is the memory of what was signed',
    TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $body$;

CREATE OR REPLACE FUNCTION holdfast_keep_ledger_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
  IF EXISTS (SELECT FROM holdfast_watermark
             WHERE rollup_address = OLD.rollup_address
               AND validator_address = OLD.validator_address
               AND duty_type = OLD.duty_type AND slot >= OLD.slot) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'Holdfast refuses DELETE of holdfast_ledger: % of slot % lies above the watermark, and the entry is the memory of what was signed',
    OLD.duty_type, OLD.slot USING ERRCODE = 'integrity_constraint_violation';
END $body$;

CREATE OR REPLACE FUNCTION holdfast_keep_ledger() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
  -- What was only pinned may be found to be signed; nothing else changes.
  IF OLD.signature IS NULL AND NEW.signature IS NOT NULL
     AND (NEW.rollup_address, NEW.validator_address, NEW.slot, NEW.duty_type,
          NEW.block_index_within_checkpoint, NEW.message_hash)
       = (OLD.rollup_address, OLD.validator_address, OLD.slot, OLD.duty_type,
          OLD.block_index_within_checkpoint, OLD.message_hash) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'Holdfast refuses this update: holdfast_ledger is only ever added to'
    USING ERRCODE = 'integrity_constraint_violation';
END $body$;

CREATE OR REPLACE FUNCTION holdfast_keep_watermark() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
  IF NEW.slot < OLD.slot
     OR (NEW.rollup_address, NEW.validator_address, NEW.duty_type)
     <> (OLD.rollup_address, OLD.validator_address, OLD.duty_type) THEN
    RAISE EXCEPTION 'Holdfast refuses this update: a watermark is only ever raised'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $body$;

DROP TRIGGER IF EXISTS holdfast_keep_deleted ON validator_duties;
CREATE TRIGGER holdfast_keep_deleted AFTER DELETE ON validator_duties FOR EACH ROW
WHEN (OLD.status = 'signed' OR OLD.signature IS NOT NULL OR OLD.lock_token LIKE 'hf1-pin-%')
EXECUTE FUNCTION holdfast_keep_deleted();

-- AFTER and not BEFORE: an insert may have waited for the delete of the same key, and only then
-- is the ledger's row of that delete to be seen. Holdfast's own claims look for themselves.
DROP TRIGGER IF EXISTS holdfast_check_insert ON validator_duties;
CREATE TRIGGER holdfast_check_insert AFTER INSERT ON validator_duties FOR EACH ROW
WHEN (NEW.lock_token NOT LIKE 'hf1-%')
EXECUTE FUNCTION holdfast_check_insert();

-- A stock node's lock may be older than the import of a history, or than a prune, that speaks against
-- its signature.
DROP TRIGGER IF EXISTS holdfast_check_signature ON validator_duties;
CREATE TRIGGER holdfast_check_signature AFTER UPDATE ON validator_duties FOR EACH ROW
WHEN (OLD.signature IS NULL AND NEW.signature IS NOT NULL AND NEW.lock_token NOT LIKE 'hf1-%')
EXECUTE FUNCTION holdfast_check_insert();

DROP TRIGGER IF EXISTS holdfast_keep_signed ON validator_duties;
CREATE TRIGGER holdfast_keep_signed BEFORE UPDATE ON validator_duties FOR EACH ROW
WHEN (OLD.status = 'signed' OR OLD.signature IS NOT NULL)
EXECUTE FUNCTION holdfast_keep_signed();

DROP TRIGGER IF EXISTS holdfast_refuse_truncate ON validator_duties;
CREATE TRIGGER holdfast_refuse_truncate BEFORE TRUNCATE ON validator_duties
FOR EACH STATEMENT EXECUTE FUNCTION holdfast_refuse();

DROP TRIGGER IF EXISTS holdfast_keep_ledger ON holdfast_ledger;
CREATE TRIGGER holdfast_keep_ledger BEFORE UPDATE ON holdfast_ledger FOR EACH ROW
EXECUTE FUNCTION holdfast_keep_ledger();

DROP TRIGGER IF EXISTS holdfast_refuse_delete ON holdfast_ledger;
CREATE TRIGGER holdfast_refuse_delete BEFORE DELETE ON holdfast_ledger FOR EACH ROW
EXECUTE FUNCTION holdfast_keep_ledger_entry();

DROP TRIGGER IF EXISTS holdfast_refuse_truncate ON holdfast_ledger;
CREATE TRIGGER holdfast_refuse_truncate BEFORE TRUNCATE ON holdfast_ledger
FOR EACH STATEMENT EXECUTE FUNCTION holdfast_refuse();

DROP TRIGGER IF EXISTS holdfast_keep_watermark ON holdfast_watermark;
CREATE TRIGGER holdfast_keep_watermark BEFORE UPDATE ON holdfast_watermark FOR EACH ROW
EXECUTE FUNCTION holdfast_keep_watermark();

DROP TRIGGER IF EXISTS holdfast_refuse_delete ON holdfast_watermark;
CREATE TRIGGER holdfast_refuse_delete BEFORE DELETE ON holdfast_watermark FOR EACH ROW
EXECUTE FUNCTION holdfast_refuse();

DROP TRIGGER IF EXISTS holdfast_refuse_truncate ON holdfast_watermark;
CREATE TRIGGER holdfast_refuse_truncate BEFORE TRUNCATE ON holdfast_watermark
FOR EACH STATEMENT EXECUTE FUNCTION holdfast_refuse();

-- A trigger that exists needs nobody's right to its function. A new one does: whoever could set
-- holdfast_keep_deleted upon a table of their own would write into the ledger as its owner.
REVOKE ALL ON FUNCTION holdfast_keep_deleted(), holdfast_check_insert(), holdfast_keep_signed(),
  holdfast_refuse(), holdfast_keep_ledger_entry(), holdfast_keep_ledger(),
  holdfast_keep_watermark() FROM PUBLIC;
