import { z } from 'zod';
import { HubError } from '../../platform/errors.ts';

const optional = (description: string) => z.string().max(2000).nullable().optional().describe(description);

/** What a lead is when the caller says nothing else. */
export const LeadSchema = z.object({
  name: optional('the person'),
  email: optional('e-mail address'),
  phone: optional('telephone number'),
  company: optional('organisation'),
  title: optional('role in the organisation'),
  interest: optional('what they want, in a sentence'),
  budget: optional('budget as it is written'),
  timeline: optional('when they want it'),
});

export type Shape = { json: Record<string, unknown>; validator: z.ZodType; isLead: boolean };

/** The schema of an extraction, with its validator. Throws `invalid` for one that is no JSON Schema. */
export function shapeOf(schema: Record<string, unknown> | undefined): Shape {
  if (schema === undefined) {
    const { $schema: _, ...json } = z.toJSONSchema(LeadSchema) as Record<string, unknown>;
    return { json, validator: LeadSchema, isLead: true };
  }
  if (JSON.stringify(schema).length > 32_768) throw wrong('is larger than 32 KiB');
  try {
    return {
      json: schema,
      validator: z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]),
      isLead: false,
    };
  } catch (error) {
    throw wrong(
      `is no JSON Schema that can be checked: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300),
    );
  }
}

const wrong = (reason: string) =>
  new HubError('invalid', `body.payload.schema: ${reason}`, { fields: [{ field: 'body.payload.schema', reason }] });
