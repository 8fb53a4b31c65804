select count(*) as stalls from {{ ref('market', 'stalls') }} inner join {{ ref('currency_names') }} using (currency)
