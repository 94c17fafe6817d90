-- The trail is searched by time, actor, verb and project, always newest first.
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_actor ON audit (actor_id, seq);
CREATE INDEX audit_verb ON audit (verb, seq);
CREATE INDEX audit_project ON audit (project, seq);

-- Append-only: the database itself refuses to change what was written, whoever asks. One line each: a statement ends with its line.
{{on_sqlite}}CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
{{on_sqlite}}CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
{{on_sqlite}}CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq < OLD.seq BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
{{on_sqlite}}CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
{{on_postgres}}CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
{{on_postgres}}CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
{{on_postgres}}CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
{{on_postgres}}CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NEW.seq < OLD.seq) EXECUTE FUNCTION audit_refuse();
{{on_postgres}}CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_refuse();
{{on_postgres}}CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
