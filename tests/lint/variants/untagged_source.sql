-- A tag of a source is lost.
-- file: models/staging/retail/_retail__sources.yml
-- replace:
            description: Mobile number, as typed.
            config: {meta: {pii: phone}}
-- with:
            description: Mobile number, as typed.
-- expect: models/staging/retail/_retail__sources.yml:77:1: warning PU404 privacy.untagged-source: `mobile` of source retail.customers is called like a phone number and has no `pii`.
-- fix: Add `config: {meta: {pii: phone}}`, or `pii: none` when it holds no identifier.
