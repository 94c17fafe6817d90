import type { SqlTokens, Token } from './sqlTokens.ts';

export const FUNCTIONS = new Set(
  'sleep benchmark pg_sleep ascii ord substr substring mid left right length len char_length char chr concat concat_ws group_concat string_agg hex unhex md5 sha1 load_file extractvalue updatexml exp floor rand row_count count exists if iif ifnull nullif isnull case cast convert coalesce version database schema user system_user current_user session_user db_name user_name object_id randomblob sqlite_version dbms_pipe.receive_message dbms_lock.sleep utl_inaddr.get_host_address utl_http.request ctxsys.drithsx.sn xmltype xp_cmdshell sys_eval make_set elt json_keys gtid_subset polygon multipoint geometrycollection name_const to_char bitand instr locate position strcmp regexp_like dbms_xmlgen.getxml generate_series lo_import pg_read_file pg_ls_dir query_to_xml'.split(
    ' ',
  ),
);

/** What nobody calls for another reason than to make the database wait, fail or read a file. */
export const TELLING = new Set(
  'sleep benchmark pg_sleep load_file extractvalue updatexml randomblob dbms_pipe.receive_message dbms_lock.sleep utl_inaddr.get_host_address utl_http.request ctxsys.drithsx.sn xp_cmdshell pg_read_file pg_ls_dir gtid_subset'.split(
    ' ',
  ),
);

export const MOST_TOKENS = 40;

export const isLiteral = ({ kind }: Token): boolean => kind === 'number' || kind === 'string';

export const isEndOfSql = ({ kind, text }: Token, ...also: string[]): boolean =>
  kind === 'end' ||
  kind === 'comment' ||
  kind === 'semicolon' ||
  also.includes(text) ||
  ['union', 'limit', 'order', 'group', 'having', 'procedure', 'into', 'and', 'or'].includes(text);

/** Arguments of a function that is called, and an end of the statement or of the text behind it. */
export function isCall(tokens: SqlTokens): boolean {
  let depth = 1;
  for (let n = 0; n < MOST_TOKENS; n++) {
    const { kind } = tokens.next();
    if (kind === 'open') depth++;
    else if (kind === 'close') depth--;
    else if (kind === 'end') return true;
    if (depth === 0) return isEndOfSql(tokens.next());
  }
  return false;
}

/** `[all|distinct] [(] select`, behind UNION. */
export function selects(tokens: SqlTokens): boolean {
  let token = tokens.next();
  if (['all', 'distinct', 'distinctrow'].includes(token.text)) token = tokens.next();
  for (let n = 0; n < 4 && token.kind === 'open'; n++) token = tokens.next();
  return token.kind === 'word' && token.text === 'select';
}

/** Whether what is selected is a list of SQL: a number, NULL, a string, `*`, a call, or names with commas that come FROM somewhere. */
export function selectsSomething(tokens: SqlTokens): boolean {
  let token = tokens.next();
  if (['all', 'distinct', 'top'].includes(token.text)) token = tokens.next();
  for (let n = 0; n < 4 && token.kind === 'open'; n++) token = tokens.next();
  if (
    token.kind === 'number' ||
    token.kind === 'string' ||
    token.text === '*' ||
    token.text === 'null' ||
    token.text === 'select' ||
    token.text.startsWith('@@')
  )
    return true;
  for (let n = 0; n < MOST_TOKENS; n++) {
    if (token.kind !== 'word') return false;
    const next = tokens.next();
    if (next.kind === 'open') return true;
    if (next.text === 'from') return tokens.next().kind === 'word';
    if (next.kind === 'comment') return n > 0;
    if (next.kind !== 'comma') return false;
    token = tokens.next();
    if (token.kind === 'number' || token.kind === 'string' || token.text === 'null') return true;
  }
  return false;
}

/** Behind an operator: a subquery, or a function that is called. `whole` asks that the text is nothing else. */
export function called(tokens: SqlTokens, whole = false): boolean {
  let token = tokens.next();
  for (let n = 0; n < 6 && (token.kind === 'open' || token.kind === 'arithmetic' || token.text === 'not'); n++)
    token = tokens.next();
  if (token.kind !== 'word') return false;
  if (token.text === 'select') {
    const next = tokens.next();
    if (next.kind === 'open' || next.kind === 'number' || next.kind === 'string') return true;
    if (next.text === '*' || next.text.startsWith('@@')) return true;
    if (next.kind !== 'word') return false;
    const behind = tokens.next();
    return behind.text === 'from' || behind.kind === 'open' || behind.kind === 'comma';
  }
  const known = whole ? TELLING.has(token.text) || token.text === 'if' : FUNCTIONS.has(token.text);
  if (!known || tokens.next().kind !== 'open') return false;
  if (!whole) return true;
  if (token.text !== 'if') return isCall(tokens);
  for (let n = 0; n < MOST_TOKENS; n++) {
    const inside = tokens.next();
    if (inside.kind === 'end') return false;
    if (inside.kind === 'word' && TELLING.has(inside.text)) return tokens.next().kind === 'open';
  }
  return false;
}

/** Whether a statement of its own begins here. */
export function statement(first: Token, tokens: SqlTokens): boolean {
  const next = tokens.next();
  switch (first.text) {
    case 'drop':
    case 'create':
    case 'alter':
    case 'truncate':
      return (
        [
          'table',
          'database',
          'schema',
          'view',
          'user',
          'login',
          'index',
          'function',
          'procedure',
          'trigger',
          'role',
          'extension',
        ].includes(next.text) && tokens.next().kind === 'word'
      );
    case 'insert':
      return next.text === 'into' && tokens.next().kind === 'word';
    case 'delete':
      return next.text === 'from' && tokens.next().kind === 'word' && isEndOfSql(tokens.next(), 'where');
    case 'update':
      return (
        next.kind === 'word' &&
        tokens.next().text === 'set' &&
        tokens.next().kind === 'word' &&
        tokens.next().kind === 'compare'
      );
    case 'exec':
    case 'execute':
      return next.kind === 'open' || /^(?:xp_|sp_|master\.|@|immediate)/.test(next.text);
    case 'declare':
      return next.text.startsWith('@');
    case 'waitfor':
      return next.text === 'delay' || next.text === 'time';
    case 'shutdown':
      return isEndOfSql(next) && next.kind !== 'end';
    case 'if':
      return next.kind === 'open' && (tokens.next().text === 'select' || followedByWait(tokens));
    case 'select':
      return (
        next.kind === 'number' ||
        next.kind === 'open' ||
        next.text === '*' ||
        next.text === 'null' ||
        next.text.startsWith('@@') ||
        (next.kind === 'word' && (FUNCTIONS.has(next.text) ? tokens.next().kind === 'open' : selectsFrom(tokens)))
      );
    case 'copy':
      return tokens.next().text === 'from' || next.kind === 'open';
    case 'attach':
      return next.text === 'database';
    case 'begin':
      return /^dbms_/.test(next.text);
    case 'call':
      return next.kind === 'word' && tokens.next().kind === 'open';
    default:
      return false;
  }
}

function selectsFrom(tokens: SqlTokens): boolean {
  for (let n = 0; n < MOST_TOKENS; n++) {
    const token = tokens.next();
    if (token.text === 'from') return tokens.next().kind === 'word';
    if (token.kind !== 'comma' || tokens.next().kind !== 'word') return false;
  }
  return false;
}

function followedByWait(tokens: SqlTokens): boolean {
  for (let n = 0; n < MOST_TOKENS; n++) {
    const token = tokens.next();
    if (token.kind === 'end') return false;
    if (token.text === 'waitfor') return true;
  }
  return false;
}

/** `by 3--`, `by 1,2,3#`, behind ORDER or GROUP. */
export function ordering(tokens: SqlTokens): boolean {
  if (tokens.next().text !== 'by') return false;
  let token = tokens.next();
  for (let n = 0; n < MOST_TOKENS && (token.kind === 'number' || (token.kind === 'word' && n < 4)); n++) {
    token = tokens.next();
    if (token.kind === 'comma') token = tokens.next();
    else return token.kind === 'comment' || token.kind === 'end' || token.text === 'having';
  }
  return false;
}

export function followedByComment(tokens: SqlTokens): boolean {
  for (let n = 0; n < 8; n++) {
    const { kind } = tokens.next();
    if (kind === 'comment') return true;
    if (kind !== 'close') return false;
  }
  return false;
}

/** Nothing but one word, dashes and blanks stands behind the comment: people write on. */
export function isLast(tokens: SqlTokens, comment: Token): boolean {
  const next = tokens.next();
  if (next.kind === 'end') return true;
  const spaced = next.at > comment.end;
  if (comment.text === '--' && (next.text === '-' || (spaced && next.kind === 'word')))
    return tokens.next().kind === 'end';
  return false;
}

/** A call, and a comment right behind it. */
export function endsInComment(tokens: SqlTokens): boolean {
  if (tokens.next().kind !== 'open') return false;
  let depth = 1;
  for (let n = 0; n < MOST_TOKENS && depth > 0; n++) {
    const { kind } = tokens.next();
    if (kind === 'open') depth++;
    else if (kind === 'close') depth--;
    else if (kind === 'end') return false;
  }
  return depth === 0 && tokens.next().kind === 'comment';
}

/** Nothing but the quote that the comment cuts off stands behind it. */
export function isCutOff(tokens: SqlTokens): boolean {
  const rest = tokens.next();
  return rest.kind === 'end' || (rest.kind === 'string' && rest.text.length === 1);
}
