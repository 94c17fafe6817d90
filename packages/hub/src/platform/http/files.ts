/** How many files and sockets this process may have open; the system's word where it gives one. */
export function openFilesLimit(): number {
  const { report } = process;
  if (!report) return Number.POSITIVE_INFINITY;
  // The report would otherwise look up every address by name.
  Object.assign(report, { excludeNetwork: true });
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
