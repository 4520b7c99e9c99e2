// What a run does about GPUs: it shares them with other runs, waits for theirs, and tells the engine whose they are.

import EngineAPI
import LocalEngine
import Model

extension Run {
    /// The lock that an execution holds; a warning, once, where none can be had.
    func keep(_ outcome: GPULocks.Outcome) -> GPULock? {
        switch outcome {
        case .taken(let lock): return lock
        case .heldElsewhere: return nil
        case .unavailable(let why):
            if !notifiedMissingLocks {
                notifiedMissingLocks = true
                events.append(.warning("other runs may use the same GPUs at the same time: \(why)"))
            }
            return nil
        }
    }

    /// Tells which stages wait for GPUs that other runs hold, and sees to it that those are looked at again.
    func waitForGPUs(now: Timestamp) {
        let heldUp = scheduler.heldUpByOtherRuns
        nextGPULook = heldUp.stages.isEmpty ? nil : now.adding(seconds: 0.5)
        for stage in heldUp.stages where notifiedDeviceWaits.insert(stage).inserted {
            let why = "another run on this machine holds \(heldUp.gpus.joined(separator: ", "))"
            events.append(.stageWaiting(stage: graph.stages[stage].name, forRun: nil, why: why))
        }
    }

    /// Whether it is time to look at the GPUs of other runs, and they are not held as they were.
    func areGPUsFreed(now: Timestamp) -> Bool {
        guard let look = nextGPULook, look <= now else { return false }
        nextGPULook = now.adding(seconds: 0.5)
        return gpuLocks.taken() != gpusTaken
    }

    /// What the engine may ascribe to the stage's processes.
    func grant(of stage: Stage, _ lease: Lease, _ lock: GPULock?) -> GPUGrant {
        guard let gpus = lease.gpus else {
            let name = "CUDA_VISIBLE_DEVICES"
            let own = stage.environment.last { $0.name == name }?.value
            return .untouched(own ?? preparation.request.environment[name])
        }
        let uuids = gpus.compactMap(\.uuid)
        return uuids.isEmpty ? .hidden : .given(uuids, isExclusive: lock != nil && lease.gpuShare == .one)
    }
}
