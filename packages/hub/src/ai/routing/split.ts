import { createHash } from 'node:crypto';
import type { AiSplitDeclaration } from '@orrery/protocol';

/** The arm of a split for somebody: the same one for as long as the arms stay, and shares by weight over many. Pure. */
export function drawArm(split: AiSplitDeclaration, who: string): AiSplitDeclaration['arms'][number] | undefined {
  // Weighted rendezvous: an arm that is added or changed moves only those that it wins or loses.
  let best: { arm: AiSplitDeclaration['arms'][number]; score: number } | undefined;
  for (const arm of split.arms) {
    if (arm.weight <= 0) continue;
    const digest = createHash('sha256')
      .update(JSON.stringify([split.name, arm.provider ?? '', arm.model, who]))
      .digest();
    const unit = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
    const score = -arm.weight / Math.log(unit);
    if (!best || score > best.score) best = { arm, score };
  }
  return best?.arm;
}
