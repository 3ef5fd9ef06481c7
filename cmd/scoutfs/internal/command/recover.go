// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/server"
)

func newRecover(env *cli.Env) *cobra.Command {
	var noWatch bool
	cmd := &cobra.Command{
		Use:     "recover META-DEVICE DATA-DEVICE",
		GroupID: cli.GroupCore,
		Short:   "Clean up a volume whose mounts died, so that it can be used unmounted",
		Long: `Does to a volume whose mounts died with their machines what its server does
with a mount that was fenced: it finalizes their log trees, so that everything
that they had committed is there, takes back their free blocks, and forgets
them. Afterwards the volume is as one that was unmounted everywhere.

Doing this to a volume that any machine has mounted destroys it. It is refused
if a mount is seen to be alive: if one of the devices is in use on this
machine, if a server answers at the address of a quorum slot, or if the
metadata device is written within 22 seconds. A mount that is cut off from the
network and has nothing to write is not seen: make sure that machines which had
the volume mounted are off, or that it is unmounted there.

A volume that was unmounted everywhere is left as it is.`,
		Example: `  scoutfs recover /dev/meta /dev/data`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if err := twoDevices(operands); err != nil {
				return err
			}
			watch := time.Duration(0)
			if noWatch {
				watch = -1
			}
			report, err := recovery(cmd.Context(), operands[0], operands[1], watch)
			if err != nil {
				return err
			}
			return writeRecovery(env.Output(), report)
		},
	}
	cmd.Flags().BoolVar(&noWatch, "no-watch", false, "do not wait to see whether anybody writes the metadata device")
	cli.CommandLineOnly(cmd, "no-watch")
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

func recovery(ctx context.Context, meta, data string, watch time.Duration) (*server.Report, error) {
	report, err := engine.Recover(ctx, meta, data, engine.RecoverOptions{Watch: watch})
	switch {
	case err == nil:
		return report, nil
	case errors.As(err, new(*server.AliveError)):
		return report, cli.Failf(err, "%s\nunmount the volume there, and nothing has to be recovered", err)
	case errors.As(err, new(*device.BusyError)):
		return report, cli.Failf(err, "%s\nunmount the volume, and nothing has to be recovered", err)
	}
	return report, err
}

// recoverVolume recovers a volume before a command goes on to change it.
func recoverVolume(ctx context.Context, env *cli.Env, meta, data string, watch time.Duration) error {
	report, err := recovery(ctx, meta, data, watch)
	if err != nil || len(report.Uses) == 0 {
		return err
	}
	env.Remark(recoveryText(report), recoveryOf(report))
	return nil
}

// recoveryJSON is a recovery in JSON.
type recoveryJSON struct {
	Type        string   `json:"type"` // always "recovery"
	Uses        []string `json:"uses"`
	Evidence    []string `json:"evidence"`
	Mounts      []string `json:"mounts"`    // rids
	LogTrees    []string `json:"log_trees"` // RID.NR
	Compactions int      `json:"compactions"`
	MergeJobs   int      `json:"merge_jobs"`
	MetaBlocks  uint64   `json:"meta_blocks"`
	DataBlocks  uint64   `json:"data_blocks"`
	Slots       []int    `json:"quorum_slots"`
}

func recoveryOf(r *server.Report) recoveryJSON {
	j := recoveryJSON{
		Type: "recovery", Uses: []string{}, Evidence: append([]string{}, r.Evidence...), Mounts: []string{}, LogTrees: []string{},
		Compactions: r.Compactions, MergeJobs: r.MergeJobs, MetaBlocks: r.MetaBlocks, DataBlocks: r.DataBlocks,
		Slots: append([]int{}, r.Slots...),
	}
	for _, use := range r.Uses {
		j.Uses = append(j.Uses, use.String())
	}
	for _, m := range r.Mounts {
		j.Mounts = append(j.Mounts, fixedHex(m.RID))
	}
	for _, l := range r.Logs {
		j.LogTrees = append(j.LogTrees, fmt.Sprintf("%016x.%d", l.RID, l.Nr))
	}
	return j
}

func recoveryText(r *server.Report) string {
	if len(r.Uses) == 0 {
		return "Nothing to recover: the volume was unmounted everywhere.\n"
	}
	var text strings.Builder
	text.WriteString("Found:\n")
	for _, use := range r.Uses {
		fmt.Fprintf(&text, "  %s\n", use)
	}
	text.WriteString("No mount is alive, as far as can be seen:\n")
	for _, evidence := range r.Evidence {
		fmt.Fprintf(&text, "  %s\n", evidence)
	}
	text.WriteString("Recovered:\n")
	for _, line := range []struct {
		n         uint64
		one, more string
	}{
		{uint64(len(r.Mounts)), "mount", "mounts"},
		{uint64(len(r.Logs)), "log tree", "log trees"},
		{uint64(r.Compactions), "compaction of search files", "compactions of search files"},
		{uint64(r.MergeJobs), "merge job", "merge jobs"},
		{r.MetaBlocks, "free metadata block", "free metadata blocks"},
		{r.DataBlocks, "free data block", "free data blocks"},
		{uint64(len(r.Slots)), "quorum slot", "quorum slots"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&text, "  %s\n", countOf(line.n, line.one, line.more))
		}
	}
	return text.String()
}

func writeRecovery(out *output.Writer, r *server.Report) error {
	if out.Form().Machine() {
		return out.Object(recoveryOf(r))
	}
	out.Printf("%s", recoveryText(r))
	return out.Err()
}
