-- A machine that was not recorded before.
INSERT INTO machines (kernel, cpu_model, cpu_count, memory_bytes, gpu_names, gpu_driver)
VALUES (:kernel, :cpu_model, :cpu_count, :memory_bytes, :gpu_names, :gpu_driver)
