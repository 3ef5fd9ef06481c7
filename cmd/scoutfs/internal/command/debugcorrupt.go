// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/debug/corrupt"
	"scoutfs/debug/surgery"
	"scoutfs/fsck/problem"
)

// statusMissing is the exit status if the volume does not have what a kind of
// damage needs.
const statusMissing = 3

func newDebugCorrupt(env *cli.Env) *cobra.Command {
	var o changeOptions
	var list bool
	seed := uint64(1)
	cmd := &cobra.Command{
		Use:   "corrupt META-DEVICE [DATA-DEVICE] KIND",
		Short: "Damage a volume in a known way",
		Long: `Damages a volume so that exactly one problem of scoutfs-fsck(7) arises, and
reports each run of bytes that has changed. What depends on them, such as
checksums and totals, is kept right unless that is the damage. --list shows
the kinds.

The place is picked at random: the same seed picks the same one on the same
volume. If the volume does not have what the kind needs, nothing changes and
the exit status is 3. Devices that are in use are refused.

The JSON forms report kind, problem, problem_number, seed, and changes as
debug block set does; --list reports kind, problem, problem_number,
also_numbers of other problems that it is, needs, and does.`,
		Example: `  scoutfs debug corrupt --list
  scoutfs debug corrupt meta.img data.img inode-nlink-file --seed 7`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case list && len(operands) > 0:
				return cli.Usagef("--list takes no operands")
			case list:
				return listKinds(env.Output())
			case len(operands) < 2 || len(operands) > 3:
				return cli.Usagef("a metadata device and a kind of damage are needed, and perhaps a data device between them")
			}
			kind, err := corrupt.Find(operands[len(operands)-1])
			if err != nil {
				return cli.Usagef("%s; --list shows them", err)
			}
			data := ""
			if len(operands) == 3 {
				data = operands[1]
			}
			return o.corrupt(cmd.Context(), env, operands[0], data, kind, seed)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&list, "list", false, "list the kinds of damage, with the problem that each is and what it needs")
	flags.Var(values.Uint64(&seed), "seed", "pick the place by `NUMBER`")
	o.define(cmd)
	return cmd
}

// listedKind is a kind of damage as JSON.
type listedKind struct {
	Kind    string           `json:"kind"`
	Problem string           `json:"problem"`
	Number  problem.Number   `json:"problem_number"`
	Also    []problem.Number `json:"also_numbers"` // other problems that it is
	Needs   string           `json:"needs"`
	Does    string           `json:"does"`
}

func listKinds(out *output.Writer) error {
	table := problem.NewTable()
	list := out.List()
	for _, k := range corrupt.Kinds() {
		name := table.Describe(k.Problem).Name
		if !out.Form().Machine() {
			out.Printf("%s (%d %s)\n    %s\n    Needs: %s\n", k.Name, k.Problem, name, k.Does, k.Needs)
			continue
		}
		also := append([]problem.Number{}, k.Also...)
		if err := list.Add(listedKind{k.Name, name, k.Problem, also, k.Needs, k.Does}); err != nil {
			return err
		}
	}
	if out.Form().Machine() {
		return list.Close()
	}
	return out.Err()
}

// corruption is what corrupt reports as JSON.
type corruption struct {
	Kind    string         `json:"kind"`
	Problem string         `json:"problem"`
	Number  problem.Number `json:"problem_number"`
	Seed    uint64         `json:"seed"`
	Changes []shownChange  `json:"changes"`
}

func (o *changeOptions) corrupt(ctx context.Context, env *cli.Env, meta, data string, kind corrupt.Kind, seed uint64) (err error) {
	pair, err := o.openForChange(meta, data)
	if err != nil {
		return err
	}
	defer closing(&err, pair)
	v := surgery.Open(pair)
	if err := kind.Apply(ctx, v, seed); err != nil {
		if missing, ok := errors.AsType[*corrupt.MissingError](err); ok {
			return cli.WithStatus(statusMissing, missing)
		}
		return err
	}
	changes, err := o.makeChanges(v)
	if err != nil {
		return err
	}
	out, name := env.Output(), problem.NewTable().Describe(kind.Problem).Name
	if out.Form().Machine() {
		return out.Object(corruption{kind.Name, name, kind.Problem, seed, changes})
	}
	out.Printf("%s\n", heading(kind, name, seed))
	writeChanges(out, changes)
	return out.Err()
}

func heading(kind corrupt.Kind, name string, seed uint64) string {
	return fmt.Sprintf("%s, seed %d: problem %d, %s. %s", kind.Name, seed, kind.Problem, name, kind.Does)
}
