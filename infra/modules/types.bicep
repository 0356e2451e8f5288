// Types that several files share.

@export()
@description('Somebody who is given a role.')
type principal = {
  @description('Object id in this tenant.')
  id: string
  type: 'Group' | 'ServicePrincipal' | 'User'
}
