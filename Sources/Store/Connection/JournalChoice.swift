// Which journal a store uses on its file system. Pure, except for one call of `statfs`.

import CSQLite

/// The journal of a store.
enum JournalChoice: Hashable, Sendable {
    /// For local disks: write-ahead log, synchronous NORMAL. Readers never block the writer.
    case writeAheadLog
    /// The same, if a test shows that it works.
    case writeAheadLogIfItWorks
    /// For network file systems without shared memory: rollback journal, synchronous FULL.
    case rollback

    /// By the magic number that `statfs` returns (linux/magic.h and the sources of the file systems).
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
        let local: Set<UInt32> = [
            0xef53,  // ext2, ext3, ext4
            0x5846_5342,  // XFS
            0x9123_683e,  // Btrfs
            0x0102_1994,  // tmpfs
            0x2fc1_2fc1,  // ZFS
            0xf2f5_2010,  // F2FS
        ]
        self =
            network.contains(fileSystemMagic)
            ? .rollback : local.contains(fileSystemMagic) ? .writeAheadLog : .writeAheadLogIfItWorks
    }

    static func forFolder(_ folder: String) -> JournalChoice {
        let magic = csqlite_file_system_magic(folder)
        return magic < 0 ? .rollback : JournalChoice(fileSystemMagic: UInt32(truncatingIfNeeded: magic))
    }
}
