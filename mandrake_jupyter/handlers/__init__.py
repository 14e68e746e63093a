"""HTTP only: parse, call the registry, render. One file per noun; no business facts."""
