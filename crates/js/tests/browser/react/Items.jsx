/** The conversation, an item a line. */
export function Items({ items }) {
  return (
    <ol>
      {items.map(({ id, type, role, status, formatted }) => (
        <li key={id} data-kind={role ?? type} data-status={status}>
          {formatted.transcript || formatted.text || formatted.tool?.arguments || formatted.output}
        </li>
      ))}
    </ol>
  );
}
