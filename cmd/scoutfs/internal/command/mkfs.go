// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/mkfs"
)

func newMkfs(env *cli.Env) *cobra.Command {
	m := &mkfsRun{env: env, options: mkfs.Options{FormatVersion: format.MaxVersion}}
	cmd := &cobra.Command{
		Use:     "mkfs META-DEVICE DATA-DEVICE",
		GroupID: cli.GroupCore,
		Short:   "Initialize a new ScoutFS filesystem",
		Long: `Makes an empty volume on a metadata device and a data device, which may be
regular files. It refuses devices that are mounted or held by another program
and, unless forced, devices that hold something: a file system, a partition
table, a scoutfs volume.

Old supers are removed first and the new metadata super is written last. An
interrupted run leaves the old volume untouched, or none, or the new one, and
running it again is always enough.

With --fsid, --uuid and --time the same command makes the same volume, byte
for byte.

The JSON forms report meta_device, data_device, fsid, uuid, created,
format_version, total_meta_blocks (64 KiB each), total_data_blocks (4 KiB
each), data_alloc_zone_blocks if it is set, quorum_version, quorum_slots as a
list of slot and address, and dry_run.`,
		Example: `  scoutfs mkfs -Q 0,10.0.0.1,42000 -Q 1,10.0.0.2,42000 -Q 2,10.0.0.3,42000 /dev/meta /dev/data
  scoutfs mkfs --create-size 64G -Q 0,127.0.0.1,42000 meta.img data.img
  scoutfs mkfs --dry-run --output json -A -Q 0,127.0.0.1,42000 meta.img data.img`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if err := m.checkCommandLine(cmd, operands); err != nil {
				return err
			}
			if err := m.identify(cmd); err != nil {
				return err
			}
			return m.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.QuorumSlots(&m.options.Slots), "quorum-slot", "Q", "address of a quorum slot as `NR,ADDR,PORT`; required, repeatable")
	flags.BoolVarP(&m.force, "force", "f", false, "overwrite what the devices hold")
	flags.BoolVarP(&m.options.AllowSmall, "allow-small-size", "A", false, "accept devices below the minimum size, with a warning")
	flags.VarP(values.Size(&m.options.MaxMetaSize), "max-meta-size", "m", "use at most `SIZE` of the metadata device (bytes or KMGTP units)")
	flags.VarP(values.Size(&m.options.MaxDataSize), "max-data-size", "d", "use at most `SIZE` of the data device (bytes or KMGTP units)")
	flags.VarP(values.Uint64(&m.options.DataAllocZoneBlocks), "data-alloc-zone-blocks", "z",
		"divide the data device into zones of `BLOCKS` 4 KiB blocks, of which each mount prefers its own")
	flags.VarP(values.Uint64(&m.options.FormatVersion), "format-version", "V", "make a volume of format `VERSION` 1 or 2")
	flags.Var(values.FSID(&m.given.FSID), "fsid", "use `FSID`, up to 16 hexadecimal digits, as the volume's id instead of a random one")
	flags.Var(values.UUID(&m.given.UUID), "uuid", "use `UUID` instead of a random one")
	flags.Var(values.Time(&m.given.Created), "time", "date the root directory `TIME`: 2006-01-02T15:04:05Z, or SECONDS[.NANOSECONDS] since 1970")
	flags.Var(values.DeviceSizes(&m.createSize[0], &m.createSize[1]), "create-size",
		"make devices that do not exist, as sparse regular files of `SIZE[,DATA-SIZE]`")
	flags.BoolVar(&m.discard, "discard", false, "discard the devices' contents before the volume is written")
	flags.BoolVar(&m.dryRun, "dry-run", false, "check everything and write nothing")
	cli.CalledAs(cmd, "mkfs.scoutfs")
	cli.Reports(cmd, output.JSON, output.JSONL)
	own := []string{"fsid", "uuid", "time", "create-size", "discard", "dry-run"}
	cli.Extension(cmd, own...)
	cli.CommandLineOnly(cmd, own...)
	return cmd
}

// checkCommandLine looks at everything that needs no device, in upstream's
// order, and keeps the paths.
func (m *mkfsRun) checkCommandLine(cmd *cobra.Command, operands []string) error {
	meta := mkfs.MetaUse(0, m.options.MaxMetaSize)
	if meta.Limit != m.options.MaxMetaSize {
		m.env.Warnf("Meta dev size %d rounded down to %d bytes", m.options.MaxMetaSize, meta.Limit)
	}
	data := mkfs.DataUse(0, m.options.MaxDataSize)
	if data.Limit != m.options.MaxDataSize {
		m.env.Warnf("Data dev size %d rounded down to %d bytes", m.options.MaxDataSize, data.Limit)
	}
	switch version := m.options.FormatVersion; {
	case version < format.MinVersion || version > format.MaxVersion:
		return cli.Usagef("format-version %d is outside supported range of %d-%d", version, format.MinVersion, format.MaxVersion)
	case cmd.Flags().Changed("data-alloc-zone-blocks") && m.options.DataAllocZoneBlocks == 0:
		return cli.Usagef("must provide non-zero data-alloc-zone-blocks")
	case len(operands) > 2:
		return cli.Usagef("more than two arguments given")
	case m.options.Slots.Configured() == 0:
		return cli.Usagef("must specify at least one quorum slot with --quorum-slot|-Q")
	case len(operands) == 0:
		return cli.Usagef("no metadata device argument given")
	case len(operands) == 1:
		return cli.Usagef("no data device argument given")
	}
	m.paths = [2]string(operands)
	return checkSlots(m.env, m.options.Slots)
}

// checkSlots refuses slots that cannot be stored, and warns of those with
// which no mount will start.
func checkSlots(env *cli.Env, slots format.QuorumAddrs) error {
	if err := slots.Check(); err != nil {
		warnLines(env, err)
		return cli.Usagef("invalid quorum slot configuration")
	}
	if err := slots.CheckMountable(); err != nil {
		warnLines(env, err)
	}
	return nil
}

func warnLines(env *cli.Env, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		env.Warnf("%s", line)
	}
}

// identify draws the identity of the volume, but for what was given.
func (m *mkfsRun) identify(cmd *cobra.Command) error {
	identity, err := mkfs.NewIdentity(m.env.Random, m.env.Now())
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("fsid") {
		identity.FSID = m.given.FSID
	}
	if cmd.Flags().Changed("uuid") {
		identity.UUID = m.given.UUID
	}
	if cmd.Flags().Changed("time") {
		identity.Created = m.given.Created
	}
	m.options.Identity = identity
	return nil
}
