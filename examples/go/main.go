// The mail domains of one agency, in a program that may declare other resources, too.
package main

import (
	"github.com/mtasts/pulumi-mtasts/sdk/go/mtasts"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		agency, err := mtasts.NewAgency(ctx, "my-agency", &mtasts.AgencyArgs{
			Agency:     pulumi.String("Department of Examples"),
			Hosting:    pulumi.String("aws"),
			Dns:        pulumi.String("route53"),
			Mode:       pulumi.String("testing"),
			MaxAge:     pulumi.Int(604800),
			TlsReports: pulumi.ToStringArray([]string{"mailto:tls-reports@my-agency.example"}),
			Domains: mtasts.DomainArgsArray{
				mtasts.DomainArgsArgs{
					Name: pulumi.String("my-agency.example"),
					Mx:   pulumi.ToStringArray([]string{"mx1.mail.example", "mx2.mail.example"}),
				},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("domains", agency.Domains)
		return nil
	})
}
