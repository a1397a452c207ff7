-- What the dashboard adds up of the scopes on the board, answered from here alone.
CREATE INDEX scope_items_costs ON scope_items (turn_id, unit_cost, quantity, is_active) WHERE is_active = 1;
