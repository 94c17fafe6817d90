/** For tests and benches: the attempts that learning counts, and the guard, without the room around them. */

export { type GuardFacts, guard, type PastAttempt } from './guard.ts';
export { markLearned, unlearned } from './outcomes.ts';
