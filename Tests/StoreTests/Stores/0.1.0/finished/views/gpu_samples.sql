select execution_id, gpu_id, seconds, memory_bytes, utilization from gpu_samples order by execution_id, gpu_id, seconds, memory_bytes, utilization
