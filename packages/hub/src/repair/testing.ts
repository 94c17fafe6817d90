/** For tests of other rooms: the attempts that learning counts, without the room around them. */
export { markLearned, unlearned } from './outcomes.ts';
