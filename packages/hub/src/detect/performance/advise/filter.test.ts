import { describe, expect, it } from 'vitest';
import { conditionsOf } from './filter.ts';

const words = (filter: string) =>
  conditionsOf(filter).map(({ column, operator, cast }) => `${column} ${operator}${cast ? ` as ${cast}` : ''}`);

describe('the conditions of a filter', () => {
  it.each([
    ['(orders.customer_id = $1)', ['customer_id =']],
    ['((orders.status = $1) AND (orders.created_at > $2))', ['status =', 'created_at range']],
    ["((orders.email)::text = 'a) AND (b = 1'::text)", ['email = as text']],
    ['((o."customerId" = ANY ($1)) AND (o.open = true))', ['customerId =', 'open =']],
    ["((kind)::text = ANY ('{a,b}'::text[]))", ['kind = as text']],
    ['((o.a = $1) AND ((o.b = $2) OR (o.c = $3)))', ['a =']],
    ['((o.a = $1) OR (o.b = $2))', []],
    ['(lower(o.email) = $1)', []],
    ['(o.a = o.b)', []],
    ['((o.a = $1) AND (o.b = (o.c + 1)) AND (o.d <> $2) AND (o.e IS NULL))', ['a =']],
    ["(o.note = 'o.other says ''x'''::text)", ['note =']],
    ['((o.at >= $1) AND (o.at < $2))', ['at range', 'at range']],
    ['', []],
    ['((((', []],
  ])('of %s', (filter, expected) => expect(words(filter)).toEqual(expected));
});
