"""How fast evidence is found, checked and proven: a site with many filed packages, asked over HTTP."""
