/**
 * Lab's theme for the package's Material parts. The package's own provider begins with another kind of theme and
 * mounts everything anew when the right one is there, which loses what was typed meanwhile; this one begins with it.
 */
import { getJupyterLabTheme } from '@jupyter/chat/lib/theme-provider';
import { IThemeManager } from '@jupyterlab/apputils';
import { Theme, ThemeProvider } from '@mui/material/styles';
import React, { useEffect, useState } from 'react';

export function LabTheme(props: { themeManager: IThemeManager | null; children: React.ReactNode }): JSX.Element | null {
  const { themeManager } = props;
  const [theme, setTheme] = useState<Theme | null>(null);
  useEffect(() => {
    let mounted = true;
    const load = async () => {
      const next = await getJupyterLabTheme();
      if (mounted) {
        setTheme(next);
      }
    };
    void load();
    themeManager?.themeChanged.connect(load);
    return () => {
      mounted = false;
      themeManager?.themeChanged.disconnect(load);
    };
  }, [themeManager]);
  return theme && <ThemeProvider theme={theme}>{props.children}</ThemeProvider>;
}
