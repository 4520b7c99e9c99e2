-- The ID of a machine that was recorded before.
SELECT machine_id FROM machines
WHERE kernel = :kernel AND cpu_model IS :cpu_model AND cpu_count = :cpu_count AND memory_bytes = :memory_bytes
  AND gpu_names IS :gpu_names AND gpu_driver IS :gpu_driver
