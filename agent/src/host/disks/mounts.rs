//! Which mounts are worth showing.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

/// More would make a sample too long for what a person can look at.
const MOST: usize = 32;

/// File systems that are made to be full.
const IMAGES: [&str; 5] = ["squashfs", "erofs", "iso9660", "cramfs", "romfs"];

/// File systems that keep things and whose source is no device file.
const WITHOUT_DEVICE: [&str; 21] = [
    "zfs",
    "ubifs",
    "jffs2", // on this machine
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "ceph",
    "lustre",
    "beegfs",
    "gpfs",
    "afs", // on others
    "9p",
    "virtiofs",
    "vboxsf",
    "fuse.vmhgfs-fuse", // on the host of a virtual machine
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.juicefs",
    "fuse.rclone",
];

/// A place where a file system is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// The kernel's number for this mount. One mounted later in the same place has another.
    pub(super) id: u32,
    pub(super) point: PathBuf,
    /// Major and minor number. All subvolumes of a btrfs and all mounts of a device have the same.
    device: String,
    /// Which part of the file system is mounted.
    root: PathBuf,
    kind: String,
    source: String,
}

impl Mount {
    /// Takes a line of `/proc/self/mountinfo` apart.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|&byte| byte == b' ');
        let id = text(fields.next()?).parse().ok()?;
        let _parent = fields.next()?;
        let device = text(fields.next()?);
        let root = path(fields.next()?);
        let point = path(fields.next()?);
        // Options, then any number of optional fields, then a dash.
        fields.find(|&field| field == b"-")?;
        let kind = text(fields.next()?);
        let source = text(fields.next()?);
        Some(Self { id, point, device, root, kind, source })
    }

    fn is_root(&self) -> bool {
        self.point == Path::new("/")
    }

    fn is_worth_showing(&self) -> bool {
        // Whatever the root is: in a container it is an overlay, and still what fills up.
        if self.is_root() {
            return true;
        }
        let kind = self.kind.as_str();
        if WITHOUT_DEVICE.contains(&kind) {
            return true;
        }
        let is_bind_mount = self.root != Path::new("/") && kind != "btrfs";
        self.source.starts_with("/dev/") && !IMAGES.contains(&kind) && !is_bind_mount
    }

    /// Of two mounts of a device the smaller one is shown.
    fn rank(&self) -> impl Ord {
        (!self.is_root(), self.root != Path::new("/"), self.point.as_os_str().len())
    }
}

/// The mounts to show, one for each device, by mount point.
///
/// Left out are: what is mounted over, file systems that keep nothing (proc, tmpfs, overlay other than the
/// root …), images that are always full (squashfs of snaps, disc images), bind mounts, and further
/// mounts and subvolumes of a device that is shown already.
pub(super) fn worth_showing(mountinfo: &[u8]) -> Vec<Mount> {
    // A later mount in the same place hides the earlier one.
    let on_top: BTreeMap<PathBuf, Mount> = mountinfo
        .split(|&byte| byte == b'\n')
        .filter_map(Mount::parse)
        .map(|mount| (mount.point.clone(), mount))
        .collect();

    let mut by_device: BTreeMap<String, Mount> = BTreeMap::new();
    for mount in on_top.into_values().filter(Mount::is_worth_showing) {
        match by_device.get(&mount.device) {
            Some(shown) if shown.rank() <= mount.rank() => {}
            _ => {
                by_device.insert(mount.device.clone(), mount);
            }
        }
    }
    let mut mounts: Vec<_> = by_device.into_values().collect();
    mounts.sort_by(|a, b| a.point.cmp(&b.point));
    mounts.truncate(MOST);
    mounts
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

/// Undoes the kernel's escapes: a space is `\040`.
fn path(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        match after.first_chunk() {
            Some(digits) if byte == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit)) => {
                let [a, b, c] = digits.map(|digit: u8| u32::from(digit - b'0'));
                bytes.push((a * 64 + b * 8 + c) as u8);
                rest = &after[3..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mountinfo: &str) -> Vec<String> {
        let mounts = worth_showing(mountinfo.as_bytes());
        mounts.iter().map(|mount| mount.point.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_server_shows_its_devices_once() {
        let mountinfo = r"
21 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
22 21 0:20 / /proc rw - proc proc rw
23 21 0:21 / /run rw - tmpfs tmpfs rw
24 21 8:1 / /boot/efi rw shared:3 - vfat /dev/sda1 rw
25 21 8:2 /srv/www /var/www rw shared:1 - ext4 /dev/sda2 rw
26 21 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
27 21 8:17 / /home rw - xfs /dev/sdb1 rw
28 21 8:17 / /mnt/home\040again rw - xfs /dev/sdb1 rw
29 21 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
30 21 0:60 / /mnt/nas rw - nfs4 nas:/export rw
31 21 0:61 / /mnt/auto rw - autofs systemd-1 rw
32 21 8:33 / /media/My\040Disk rw - ext4 /dev/sdc1 rw
";
        assert_eq!(shown(mountinfo), ["/", "/boot/efi", "/home", "/media/My Disk", "/mnt/nas"]);
    }

    #[test]
    fn a_container_shows_its_overlay_and_not_the_files_bound_into_it() {
        let mountinfo = "\
601 500 0:70 / / rw - overlay overlay rw,lowerdir=a,upperdir=b
602 601 0:71 / /proc rw - proc proc rw
603 601 0:72 / /dev rw - tmpfs tmpfs rw
604 601 254:1 /var/lib/docker/containers/1/hosts /etc/hosts rw - ext4 /dev/vda1 rw
605 601 254:1 /var/lib/docker/containers/1/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw
606 601 254:17 / /data rw - ext4 /dev/vdb1 rw
";
        assert_eq!(shown(mountinfo), ["/", "/data"]);
    }

    #[test]
    fn subvolumes_of_a_btrfs_are_one_device() {
        let mountinfo = "\
21 1 0:25 /@ / rw - btrfs /dev/nvme0n1p2 rw,subvol=/@
22 21 0:25 /@home /home rw - btrfs /dev/nvme0n1p2 rw,subvol=/@home
23 21 0:30 /@data /srv rw - btrfs /dev/nvme1n1 rw,subvol=/@data
24 21 0:30 /@logs /var/log rw - btrfs /dev/nvme1n1 rw,subvol=/@logs
";
        assert_eq!(shown(mountinfo), ["/", "/srv"]);
    }

    #[test]
    fn what_is_mounted_over_is_not_seen() {
        let mountinfo = "\
1 1 0:2 / / rw - rootfs rootfs rw
21 1 8:2 / / rw - ext4 /dev/sda2 rw
22 21 8:3 / /mnt rw - ext4 /dev/sda3 rw
23 22 8:4 / /mnt rw - ext4 /dev/sda4 rw
";
        let mounts = worth_showing(mountinfo.as_bytes());
        let ids: Vec<_> = mounts.iter().map(|mount| mount.id).collect();
        assert_eq!(ids, [21, 23]);
    }

    #[test]
    fn the_whole_file_system_is_preferred_to_a_shorter_path() {
        let mountinfo = "\
22 21 0:30 /@a /a rw - btrfs /dev/sdb rw
23 21 0:30 / /everything rw - btrfs /dev/sdb rw
";
        assert_eq!(shown(mountinfo), ["/everything"]);
    }

    #[test]
    fn names_that_are_no_text_and_lines_that_are_no_mounts_do_no_harm() {
        let mountinfo = b"22 21 8:3 / /mnt/\xff rw - ext4 /dev/sda3 rw\nrubbish\n23 21 8:4\n\\0 \\9\n";
        let mounts = worth_showing(mountinfo);
        assert_eq!(mounts.len(), 1);
        assert_eq!(mounts[0].point.as_os_str().as_encoded_bytes(), b"/mnt/\xff");
        assert_eq!(path(br"a\134\04\"), PathBuf::from(r"a\\04\"));
    }

    #[test]
    fn a_machine_with_very_many_mounts_shows_some() {
        let line = |n| format!("{n} 1 8:{n} / /mnt/{n:04} rw - ext4 /dev/sd{n} rw\n");
        let mountinfo: String = (0..100).map(line).collect();
        assert_eq!(shown(&mountinfo).len(), MOST);
    }
}
