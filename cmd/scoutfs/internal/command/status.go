// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/device"
	"scoutfs/engine/ioctl"
	"scoutfs/status"
)

// sysfsDir is where the kernel module shows its mounts.
const sysfsDir = "/sys/fs/scoutfs"

// statusCommand is one run of status.
type statusCommand struct {
	env     *cli.Env
	where   location
	options status.ReadOptions
}

func newStatus(env *cli.Env) *cobra.Command {
	c := &statusCommand{env: env}
	cmd := &cobra.Command{
		Use:     "status",
		GroupID: cli.GroupInfo,
		Short:   "Show who a volume is, who uses it, how full it is and what is going on",
		Long: `Shows a volume in one view: ids, format version and options, space, quorum
slots and who led last, mounts, log trees, the log merge, search files, and
hints about what somebody should know, each with an id that never changes.

On a mount it shows what the kernel module says in /sys/fs/scoutfs and answers
to requests; if the metadata device can be read, also what stands there.
With --meta-device it shows what stands on the devices, which are only read
and not claimed: a volume in use is shown as of its last commit.

A damaged volume is shown as far as it can be read.
The exit status is 1 if something is damaged, or if the volume cannot be used
as it is.`,
		Example: `  scoutfs status -p /mnt/archive
  scoutfs status --meta-device /dev/meta --data-device /dev/data --output json`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			return c.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	c.where.definePath(cmd)
	flags.StringVar(&c.where.metaDevice, metaDeviceFlag, "", "look at the volume whose metadata device is `META-DEVICE`")
	flags.StringVar(&c.where.dataDevice, dataDeviceFlag, "", "its data device is `DATA-DEVICE`, to be looked at too")
	flags.BoolVar(&c.options.Orphans, "orphans", false, "count the inodes without names that wait for their deletion")
	cli.Reports(cmd, output.Table, output.JSON, output.JSONL)
	return cmd
}

func (c *statusCommand) run(ctx context.Context) error {
	if err := c.where.check(); err != nil {
		return err
	}
	look := c.onMount
	if c.where.offline() {
		look = c.onDevices
	}
	s, err := look(ctx)
	if err != nil {
		return err
	}
	if err := showStatus(c.env.Output(), s); err != nil {
		return err
	}
	switch {
	case len(s.Damage) > 0:
		return cli.Failf(syscall.EIO, "found damage in %s", countOf(uint64(len(s.Damage)), "place", "places"))
	case s.Failed():
		return cli.Failf(syscall.EINVAL, "the volume cannot be used as it is")
	}
	return nil
}

func (c *statusCommand) onDevices(ctx context.Context) (s *status.Status, err error) {
	pair, err := device.OpenPair(c.where.metaDevice, c.where.dataDevice, device.Options{Shared: true, Direct: true})
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return nil, pathFailure(err, path.Path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pair.Close()) }()
	return status.Read(ctx, pair, c.options)
}

func (c *statusCommand) onMount(ctx context.Context) (s *status.Status, err error) {
	target, err := c.where.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	source := mountSource(target, c.where.path)
	if s, err = status.OnMount(ctx, source, c.options); err != nil {
		return nil, ioctlFailure(err, "statfs_more ioctl failed")
	}
	return s, nil
}

// mountSource is a mount with what belongs to it on this machine.
func mountSource(volume ioctl.Volume, path string) status.Source {
	return status.Source{
		Volume:   volume,
		Sysfs:    os.DirFS(sysfsDir),
		OpenMeta: openForPrint,
		Statfs: func() (files, free uint64, err error) {
			var st unix.Statfs_t
			err = unix.Statfs(path, &st)
			return st.Files, st.Ffree, err
		},
	}
}
