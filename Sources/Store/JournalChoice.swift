// How a store keeps its promises on the file system it lies on. Pure, but for the one question to `statfs`.

import CSQLite

/// The journal of a store.
enum JournalChoice: Hashable, Sendable {
    /// For local disks: write-ahead log, synchronous NORMAL. Readers never block the writer.
    case writeAheadLog
    /// For network file systems, where shared memory does not work: rollback journal, synchronous FULL.
    case rollback

    /// By the magic number that `statfs` gives (linux/magic.h and the file systems' own sources).
    init(fileSystemMagic: UInt32) {
        let network: Set<UInt32> = [
            0x6969,  // NFS
            0x0bd0_0bd0,  // Lustre
            0x4750_4653,  // GPFS
            0xff53_4d42, 0xfe53_4d42, 0x517b,  // CIFS, SMB2, SMB
            0x1983_0326,  // BeeGFS
            0x0102_1997,  // 9p
            0x6573_5546,  // FUSE
            0x00c3_6400,  // Ceph
            0x5346_414f, 0x6b41_4653,  // AFS
            0x7461_636f,  // OCFS2
            0x0116_1970,  // GFS2
            0xaad7_aaea,  // PanFS
            0x2030_3744,  // OrangeFS
        ]
        self = network.contains(fileSystemMagic) ? .rollback : .writeAheadLog
    }

    static func forFolder(_ folder: String) -> JournalChoice {
        let magic = csqlite_file_system_magic(folder)
        return magic < 0 ? .rollback : JournalChoice(fileSystemMagic: UInt32(truncatingIfNeeded: magic))
    }
}
