{{ config(tags=['file'], meta={'owner': 'bob', 'pusher': {'shard_by': 'x'}}) }}
select 1 as x, '{{ this }}' as me, '{{ config.get('alias') }}' as alias
