import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import type { Column } from './DataTable.tsx';
import { saveText, toCsv } from './export.ts';
import { MenuButton } from './MenuButton.tsx';

/** The rows of a table, as they are filtered and sorted, as a file. JSON holds the whole records. */
export function ExportMenu<T>({
  name,
  columns,
  rows,
}: {
  name: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
}) {
  const csv = () => {
    const kept = columns.filter((column) => column.value);
    const lines = rows.map((row) => kept.map((column) => column.value?.(row)));
    saveText(
      `${name}.csv`,
      'text/csv;charset=utf-8',
      toCsv(
        kept.map((column) => column.header),
        lines,
      ),
    );
  };
  const json = () => saveText(`${name}.json`, 'application/json', `${JSON.stringify(rows, null, 2)}\n`);
  return (
    <MenuButton
      target={
        <Button leftSection={<IconDownload size={14} />} disabled={rows.length === 0}>
          Export
        </Button>
      }
      choices={[
        { name: `CSV, ${rows.length} rows`, onClick: csv },
        { name: `JSON, ${rows.length} records`, onClick: json },
      ]}
    />
  );
}
