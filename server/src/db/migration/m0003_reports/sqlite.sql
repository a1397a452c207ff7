-- What the dashboard reads, each in the order in which it is added up, with everything that it adds up.
-- (The conditions' columns too: without them no database answers from the index alone.)

CREATE INDEX turns_on_board ON turns (
  stage_id, stage_entered_at, actual_amount, approved_amount, estimated_amount,
  property_manager_id, sr_property_manager_id, vendor_id, flooring_vendor_id, property_id, is_active
) WHERE is_active = 1;

CREATE INDEX turns_open ON turns (
  property_id, move_out_date, created_at,
  property_manager_id, sr_property_manager_id, vendor_id, flooring_vendor_id, stage_id, is_active, completed_on
) WHERE is_active = 1 AND completed_on IS NULL;

CREATE INDEX turns_completed ON turns (
  completed_on, move_out_date, created_at, actual_amount, approved_amount, estimated_amount,
  vendor_id, assigned_on, due_date,
  property_manager_id, sr_property_manager_id, flooring_vendor_id, stage_id, property_id
) WHERE completed_on IS NOT NULL;

CREATE INDEX properties_in_use ON properties (market, property_manager_id, sr_property_manager_id, id, is_active) WHERE is_active = 1;
CREATE INDEX properties_by_market ON properties (market);
