import { useState } from 'react';
import { createRoot } from 'react-dom/client';

import { Chat } from './Chat.jsx';
import { Manual } from './Manual.jsx';

const parameters = new URLSearchParams(location.search);
const Component = parameters.has('manual') ? Manual : Chat;

function App() {
  const [open, setOpen] = useState(true);
  return (
    <>
      <button onClick={() => setOpen(false)}>leave</button>
      {open ? <Component url={parameters.get('url')} /> : <p>left</p>}
    </>
  );
}

createRoot(document.getElementById('app')).render(<App />);
