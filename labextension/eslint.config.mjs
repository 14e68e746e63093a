import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(...tseslint.configs.recommended, {
  plugins: { 'react-hooks': hooks },
  rules: {
    ...hooks.configs.recommended.rules,
    '@typescript-eslint/no-namespace': 'off',
    '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }]
  }
});
