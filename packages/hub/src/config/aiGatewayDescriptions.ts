/** What each key of the AI gateway means. */
export const AI_GATEWAY_DESCRIPTIONS: Readonly<Record<string, string>> = {
  'ai.providers': 'Who serves models. The environment makes some without a file.',
  'ai.providers[].name':
    'The name that people read. `claude`, `anthropic`, `openai`, `gpt` and `ollama` say the kind too.',
  'ai.providers[].kind': 'What it speaks: `anthropic`, `openai`, `ollama`, or `compatible` with OpenAI.',
  'ai.providers[].url': "Where it answers; the kind's own address when absent.",
  'ai.providers[].priority': 'Lower ones are asked first.',
  'ai.providers[].weight': 'Its share among providers of one priority.',
  'ai.providers[].max_latency_ms':
    'How long it may take to its first content. A stream that is slower goes to the next provider, and one that is slow lately is asked after those that are not.',
  'ai.providers[].local':
    'Whether what is sent to it stays in the house, as `local_only` asks. True for Ollama unless said otherwise.',
  'ai.providers[].key': 'Its key. Absent: the one of the environment, if the provider has no `url` of its own.',
  'ai.providers[].keys': 'Several keys in place of one, each with a weight if need be.',
  'ai.providers[].keys[].key': 'The key.',
  'ai.providers[].keys[].weight': 'Its share of the calls.',
  'ai.providers[].models':
    'What it serves. The first serves who asks for no particular model. What it lists itself counts when absent.',
  'ai.providers[].models[].name': "The provider's own name of the model.",
  'ai.providers[].models[].aliases': 'Other names that callers may ask for.',
  'ai.providers[].models[].context': 'Tokens of prompt and answer together; a call that is larger goes elsewhere.',
  'ai.providers[].models[].capabilities': 'Of `tools`, `images` and `structured` what it can.',
  'ai.providers[].models[].apis': "Wire formats that it is asked in; the provider's when absent.",
  'ai.providers[].apis':
    "Of `chat`, `responses`, `messages` and `embeddings` what it understands; the kind's own when absent.",
  'ai.providers[].timeouts': 'When the next provider is asked instead, or a stream ended with an error.',
  'ai.providers[].timeouts.connect': 'Name, connection and TLS; 5s.',
  'ai.providers[].timeouts.first': 'To the first content of a stream; 60s, or `max_latency_ms`.',
  'ai.providers[].timeouts.idle': 'Between two pieces of a stream; 30s.',
  'ai.providers[].timeouts.total': 'The whole answer; 10m.',
  'ai.splits': 'Names of models of which some calls go elsewhere, so that two can be compared.',
  'ai.splits[].name': 'The name of the comparison.',
  'ai.splits[].model': 'The name that callers ask for.',
  'ai.splits[].sticky':
    'Who stays with the arm that was drawn: the end `user` (else the key), the `key`, or the `tenant`.',
  'ai.splits[].arms': 'Where the calls go.',
  'ai.splits[].arms[].model': 'The model that serves.',
  'ai.splits[].arms[].provider': 'Of this provider alone.',
  'ai.splits[].arms[].weight': 'Its share.',
  'ai.fallback':
    '`any`: when the providers of the model fail, the others serve with their first model; `same`: only those that have the model.',
  'ai.hedgeAfter': 'A second provider is asked as well when the first is silent for so long; never unless it is set.',
};
