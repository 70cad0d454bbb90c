-- Forgets old duties of one rollup: those below a slot, or those that were signed (or, unsigned,
-- begun) at least so long ago. For each validator and duty type the watermark rises to the highest
-- slot that is pruned, then the rows and ledger entries at or below it go, in the one transaction
-- of the call. Gives what changed; a dry run changes nothing. Call it until it gives nothing.
--
-- WHY NOTHING IS LOST WHILE OTHERS SIGN, at READ COMMITTED. It locks no table and waits for no row.
--   - A row or entry goes only together with a watermark that refuses its slot: both become visible
--     in one commit.
--   - A claim whose snapshot is older than that commit may still insert a lock at or below the
--     watermark: where the key's row was there, only after this transaction has ended, for the
--     insert finds the key taken until then. Its record is a later statement and checks the
--     watermark and the ledger again: it sees either the entry that says what was signed, or the
--     watermark. A stock node's insert is checked by an AFTER trigger with a snapshot of its own.
--   - A record whose snapshot is older than the commit wrote the one content of its slot: any other
--     claim of that key came to its end before it or is refused after it.
--   - A row that somebody has locked at this moment stays (SKIP LOCKED), and so does one that
--     became too young meanwhile: FOR UPDATE looks at its newest version. They are at or below the
--     watermark, stop nothing, and go with a later call.
--   - No deadlock: keys come in one order, and of all locks only that of a watermark is waited for.
--
-- Times are local times of the server, as Aztec writes them. They are read in the zone that the
-- server gives the session, whatever the session has set since, and as instants, so that a change
-- to summer time makes nothing look older than it is.
CREATE OR REPLACE FUNCTION holdfast_prune(
  of_rollup TEXT, of_validator TEXT, of_duty TEXT, before_slot BIGINT, older_than_ms BIGINT,
  dry_run BOOLEAN, batch BIGINT)
RETURNS TABLE (validator TEXT, duty TEXT, mark_before BIGINT, mark_after BIGINT,
               rows_gone BIGINT, entries_gone BIGINT)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
DECLARE
  due CONSTANT TIMESTAMPTZ := CURRENT_TIMESTAMP - older_than_ms * INTERVAL '1 millisecond';
  most CONSTANT BIGINT := CASE WHEN dry_run THEN NULL ELSE batch END;
  zone TEXT;
  gone BIGINT := 0;
BEGIN
  IF (before_slot IS NULL) = (older_than_ms IS NULL) OR dry_run IS NULL OR batch IS NULL THEN
    RAISE EXCEPTION 'Holdfast prunes either before a slot or by age'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT s.reset_val INTO zone FROM pg_settings s WHERE s.name = 'TimeZone';
  validator := '';
  LOOP
    SELECT min(found.address) INTO validator FROM (
      SELECT min(d.validator_address) AS address FROM validator_duties d
      WHERE d.rollup_address = of_rollup AND d.validator_address > validator
      UNION ALL
      SELECT min(l.validator_address) FROM holdfast_ledger l
      WHERE l.rollup_address = of_rollup AND l.validator_address > validator) AS found;
    EXIT WHEN validator IS NULL;
    -- Rows in another letter case belong to nobody whom Holdfast knows.
    CONTINUE WHEN validator <> lower(validator) OR validator <> coalesce(of_validator, validator);
    FOREACH duty IN ARRAY ARRAY['ATTESTATION', 'ATTESTATIONS_AND_SIGNERS', 'BLOCK_PROPOSAL',
                                'CHECKPOINT_PROPOSAL', 'GOVERNANCE_VOTE', 'SLASHING_VOTE'] LOOP
      CONTINUE WHEN duty <> coalesce(of_duty, duty);
      EXIT WHEN gone >= most;
      SELECT w.slot INTO mark_before FROM holdfast_watermark w
      WHERE w.rollup_address = of_rollup AND w.validator_address = validator
        AND w.duty_type = duty;
      -- The lowest slot that must stay stops the watermark, and where there are more candidates
      -- than one call takes, so does the last one, whose slot may have more.
      WITH candidate AS MATERIALIZED (
        (SELECT d.slot, CASE WHEN before_slot IS NOT NULL THEN d.slot < before_slot ELSE
                greatest(d.completed_at, d.started_at) AT TIME ZONE zone <= due END AS fits
         FROM validator_duties d WHERE d.rollup_address = of_rollup
           AND d.validator_address = validator AND d.duty_type = duty
         ORDER BY d.slot LIMIT most)
        UNION ALL
        (SELECT l.slot, CASE WHEN before_slot IS NOT NULL THEN l.slot < before_slot ELSE
                greatest(l.completed_at, l.started_at) AT TIME ZONE zone <= due END
         FROM holdfast_ledger l WHERE l.rollup_address = of_rollup
           AND l.validator_address = validator AND l.duty_type = duty
         ORDER BY l.slot LIMIT most)
        ORDER BY slot LIMIT most),
      stop AS (
        SELECT least(min(c.slot) FILTER (WHERE NOT c.fits AND c.slot > coalesce(mark_before, -1)),
                     CASE WHEN count(*) >= most THEN max(c.slot) END) AS slot
        FROM candidate c)
      SELECT greatest(max(c.slot), mark_before) INTO mark_after FROM candidate c, stop
      WHERE stop.slot IS NULL OR c.slot < stop.slot;
      CONTINUE WHEN mark_after IS NULL;

      IF dry_run THEN
        SELECT count(*) INTO rows_gone FROM validator_duties d
        WHERE d.rollup_address = of_rollup AND d.validator_address = validator
          AND d.duty_type = duty AND d.slot <= mark_after
          AND CASE WHEN before_slot IS NOT NULL THEN d.slot < before_slot ELSE
              greatest(d.completed_at, d.started_at) AT TIME ZONE zone <= due END;
        SELECT count(*) INTO entries_gone FROM holdfast_ledger l
        WHERE l.rollup_address = of_rollup AND l.validator_address = validator
          AND l.duty_type = duty AND l.slot <= mark_after
          AND CASE WHEN before_slot IS NOT NULL THEN l.slot < before_slot ELSE
              greatest(l.completed_at, l.started_at) AT TIME ZONE zone <= due END;
      ELSE
        IF mark_after IS DISTINCT FROM mark_before THEN
          -- Before the rows go: the triggers forget only what lies at or below a watermark.
          INSERT INTO holdfast_watermark AS w (rollup_address, validator_address, duty_type, slot)
          VALUES (of_rollup, validator, duty, mark_after)
          ON CONFLICT (rollup_address, validator_address, duty_type)
          DO UPDATE SET slot = excluded.slot, raised_at = excluded.raised_at
          WHERE w.slot < excluded.slot;
        END IF;
        DELETE FROM validator_duties d WHERE d.ctid = ANY(ARRAY(
          SELECT e.ctid FROM validator_duties e
          WHERE e.rollup_address = of_rollup AND e.validator_address = validator
            AND e.duty_type = duty AND e.slot <= mark_after
            AND CASE WHEN before_slot IS NOT NULL THEN e.slot < before_slot ELSE
                greatest(e.completed_at, e.started_at) AT TIME ZONE zone <= due END
          FOR UPDATE SKIP LOCKED));
        GET DIAGNOSTICS rows_gone = ROW_COUNT;
        DELETE FROM holdfast_ledger l WHERE l.ctid = ANY(ARRAY(
          SELECT e.ctid FROM holdfast_ledger e
          WHERE e.rollup_address = of_rollup AND e.validator_address = validator
            AND e.duty_type = duty AND e.slot <= mark_after
            AND CASE WHEN before_slot IS NOT NULL THEN e.slot < before_slot ELSE
                greatest(e.completed_at, e.started_at) AT TIME ZONE zone <= due END
          FOR UPDATE SKIP LOCKED));
        GET DIAGNOSTICS entries_gone = ROW_COUNT;
        gone := gone + rows_gone + entries_gone;
      END IF;
      IF mark_after IS DISTINCT FROM mark_before OR rows_gone + entries_gone > 0 THEN
        RETURN NEXT;
      END IF;
    END LOOP;
  END LOOP;
END $body$;

REVOKE ALL ON FUNCTION holdfast_prune(TEXT, TEXT, TEXT, BIGINT, BIGINT, BOOLEAN, BIGINT) FROM PUBLIC;
