/** Two orbits round a small sun. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <g fill="none" stroke="var(--brand)" strokeWidth="1.5">
        <ellipse cx="16" cy="16" rx="13.5" ry="5.4" transform="rotate(-24 16 16)" />
        <ellipse cx="16" cy="16" rx="13.5" ry="5.4" transform="rotate(34 16 16)" opacity="0.5" />
      </g>
      <circle cx="16" cy="16" r="3.9" fill="var(--brand)" />
      <circle cx="27.9" cy="10.4" r="2.2" fill="var(--data)" />
    </svg>
  );
}
